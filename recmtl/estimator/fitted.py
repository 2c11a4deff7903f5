"""What fitting comes to, and how rows go through it: the same steps as in the stages, without their files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from recmtl.artifacts.progress import Silent
from recmtl.config import nearest
from recmtl.data.database import database
from recmtl.data.in_memory import encode_rows
from recmtl.data.layout import Layout
from recmtl.data.loading import Source
from recmtl.data.rows import RowsInMemory
from recmtl.data.split import prepare
from recmtl.errors import ConfigError, DataError
from recmtl.estimator.columns import WEIGHT, Column, find_columns, raw_columns
from recmtl.estimator.errors import RefusedData
from recmtl.estimator.labels import Labels, make_tasks
from recmtl.estimator.settings import MEAN, Settings, check_columns
from recmtl.metrics.predictions import TaskPredictions
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.schema import Task
from recmtl.training.loop import train
from recmtl.training.scorer import ANY_DOMAIN, Scorer, domain_index
from recmtl.training.state import TrainState

NAME = "X"
"""What the schema calls the rows."""
PLACE = "X and y"
"""Where errors say that they are."""
_MORE = "Give more rows, or a larger validation_share."
_MORE_THERE = "Give validation rows of which some task has different labels."


@dataclass(frozen=True)
class WholeCourse:
    """A training that takes all rows, runs to its last epoch and keeps that one's weights."""

    after_epoch: Callable[[TrainState, RowsInMemory, Sequence[TaskPredictions]], None]
    """Told of each epoch: what training has come to, its rows, and what the model says of the watched ones."""
    watched: tuple[pd.DataFrame, Labels] | None = None
    """Rows that are watched and not trained on, with the columns and tasks of the others; None: the training rows."""


@dataclass(frozen=True)
class Fitted:
    """All that predicting needs."""

    columns: tuple[Column, ...]
    domain: str | None
    """The column of X that tells the domains apart."""
    flat: bool
    """y was 1-D."""
    config: SharingConfig
    scorer: Scorer
    history: list[dict[str, Any]]
    best_epoch: int
    seed: int

    def predict(self, X: pd.DataFrame, unknown_domain: str | None) -> NDArray[np.float32]:
        """predictions_BT for a frame with the names that were fitted.

        Raises:
            RefusedData: a value does not fit its column; a domain is unknown and nothing is said about that.
            ConfigError: `unknown_domain` is no domain.
        """
        raw = raw_columns(X, self.columns)
        domain_B = self._domains(raw, unknown_domain) if self.domain is not None else np.zeros(len(X), np.int64)
        return self.scorer.predict(self.scorer.encode(pa.RecordBatch.from_pydict(raw)), domain_B)

    def _domains(self, raw: dict[str, pa.Array], unknown: str | None) -> NDArray[np.int64]:
        schema, column = self.scorer.model.schema, next(c for c in self.columns if c.name == self.domain)
        stand_in = _stand_in(unknown, schema.domains)
        values = raw[column.raw].to_pylist()
        domain_B = domain_index(values, schema)
        homeless_B = domain_B == ANY_DOMAIN
        if homeless_B.any() and unknown is None:
            row = int(homeless_B.argmax())
            what = "is missing" if values[row] is None else f"is {values[row]!r}, a domain that fit has not seen"
            raise RefusedData(
                f"X, row {row}: the domain column {self.domain!r} {what}.",
                hint="The parameter unknown_domain says what such rows count as: 'mean', or a known domain.",
            )
        return np.where(homeless_B, stand_in, domain_B)


def _stand_in(unknown: str | None, domains: Sequence[str]) -> int:
    if unknown is None or unknown == MEAN:
        return ANY_DOMAIN
    if unknown not in domains:
        raise ConfigError(f"unknown_domain is {unknown!r}, which is no domain{nearest(unknown, [*domains, MEAN])}.")
    return domains.index(unknown)


def fit(
    X: pd.DataFrame,
    labels: Labels,
    weight_B: NDArray[np.float64] | None,
    settings: Settings,
    course: WholeCourse | None = None,
    tables: Mapping[str, str] = MappingProxyType({}),
) -> Fitted:
    """Fit vocabularies and knots, train, and keep the weights of the best epoch.

    Args:
        X: with names of text.
        labels: of the same rows.
        weight_B: of the same rows, or None.
        settings: checked.
        course: how training goes if it does not stop early.
        tables: column -> the embedding table that it shares; any other has its own.

    Raises:
        ConfigError: a parameter does not fit the data; training diverged.
        DataError: a value is refused; there are too few rows.
    """
    check_columns(settings, list(X.columns))
    tasks = make_tasks(labels, settings.tasks)
    categorical = {*settings.categorical, *([settings.domain] if settings.domain is not None else [])}
    columns = find_columns(X, categorical, labels.names)
    raw = _raw_rows("train", 0, X, labels, weight_B, columns, tasks)
    if course is not None and course.watched is not None:
        others, of_others = course.watched
        ones = None if weight_B is None else np.ones(len(others))
        raw = pa.concat_tables([raw, _raw_rows("valid", len(X), others, of_others, ones, columns, tasks)])
    layout = _layout(columns, tasks, settings.domain, tables)
    layout = replace(layout, weight=None if weight_B is None else WEIGHT, ready_made_valid=course is not None)
    scorer, state = _train(raw, layout, settings, course)
    return Fitted(
        columns, settings.domain, labels.flat, settings.model, scorer, state.history,
        state.best_epoch if course is None else state.epoch - 1, settings.random_state,
    )  # fmt: skip


def _layout(
    columns: Sequence[Column], tasks: tuple[Task, ...], domain: str | None, tables: Mapping[str, str]
) -> Layout:
    raw_of = {kind: tuple(c.raw for c in columns if c.kind == kind) for kind in ("categorical", "number", "sequence")}
    return Layout(
        tasks=tasks,
        categorical=raw_of["categorical"],
        numbers=raw_of["number"],
        sequences=raw_of["sequence"],
        tables={column.raw: tables[column.name] for column in columns if column.name in tables},
        domain=next((column.raw for column in columns if column.name == domain), None),
        ready_made=True,
    )


def _raw_rows(
    part: str,
    first: int,
    X: pd.DataFrame,
    labels: Labels,
    weight_B: NDArray[np.float64] | None,
    columns: Sequence[Column],
    tasks: Sequence[Task],
) -> pa.Table:
    """A part, its rows counted from `first`."""
    raw = {"row": pa.array(np.arange(first, first + len(X))), "part": pa.array([part] * len(X), pa.string())}
    raw |= raw_columns(X, columns)
    raw |= {task.name: pa.array(label, from_pandas=True) for task, label in zip(tasks, labels.label_BT.T, strict=True)}
    return pa.table(raw | ({WEIGHT: pa.array(weight_B)} if weight_B is not None else {}))


def _train(raw: pa.Table, layout: Layout, settings: Settings, course: WholeCourse | None) -> tuple[Scorer, TrainState]:
    with TemporaryDirectory(prefix="recmtl-") as spill, database(Path(spill)) as connection:
        connection.register("given", raw)
        source = Source(NAME, layout, "SELECT * FROM given", PLACE, "Rows are counted from 0.", stored=True)
        prepared = prepare(connection, source, settings.policy, ["train"])
        if course is None and "valid" not in prepared.counts:
            raise RefusedData(f"of {len(raw)} samples none is left for validation.", hint=_MORE)
        parts = encode_rows(connection, prepared.encoder, NAME)
    schema = prepared.schema
    _stand_in(settings.unknown_domain, schema.domains)
    settings.train.balance.check(schema.task_names)
    model = Model(settings.model, schema, settings.random_state)
    try:
        state = _run(model, parts, settings, course)
    except DataError as error:  # it speaks of a split's files
        raise RefusedData(error.message, hint=_MORE if course is None else _MORE_THERE) from error
    model.eval()
    return Scorer(model, prepared.encoder.features), state


def _run(model: Model, parts: Mapping[str, RowsInMemory], settings: Settings, course: WholeCourse | None) -> TrainState:
    tasks, rows = range(len(model.schema.tasks)), parts["train"]
    if course is None:
        state = train(model, rows, parts["valid"], settings.training, tasks, Silent())
        model.load_state_dict(state.best_weights)
        return state
    config = settings.training.model_copy(update={"patience": settings.train.epochs})
    return train(
        model, rows, parts.get("valid", rows), config, tasks, Silent(),
        after_epoch=lambda state, predictions: course.after_epoch(state, rows, predictions),
    )  # fmt: skip
