"""Rows of a table file to rows with scores: encoded, told their domain, predicted."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recmtl.data.table_files import TableFiles
from recmtl.data.table_piece import Piece
from recmtl.data.typed_columns import shown
from recmtl.errors import DamagedError, DataError
from recmtl.schema import NumberFeature, Schema, SequenceFeature
from recmtl.training.formula import Formula
from recmtl.training.scorer import ANY_DOMAIN, Scorer, domain_index
from recmtl.training.tally import Tally, ValueCounts

PREFIX = "score_"
"""Of the columns that are added."""
_SHOWN = 5
"""Unknown domains that an error names."""
_NAMED = 20
"""Known ones."""


@dataclass
class Scoring:
    """Adds the scores of the tasks and of the formulas, and counts on the way."""

    scorer: Scorer
    formulas: tuple[Formula, ...]
    unknown: int | None
    """Where rows of no known domain go: a domain's index, or ANY_DOMAIN; None refuses them."""
    tally: Tally = field(init=False)
    homeless: ValueCounts = field(default_factory=ValueCounts)
    """Values of the domain column that name no domain of the split."""
    without: int = 0
    """Rows without a value there."""
    undefined: dict[str, int] = field(default_factory=dict)
    """Score -> rows in which its formula has no value."""

    def __post_init__(self) -> None:
        self.tally = Tally(self.schema)
        self.undefined = {formula.name: 0 for formula in self.formulas}

    @property
    def schema(self) -> Schema:
        """Of the model's split."""
        return self.scorer.model.schema

    @property
    def columns(self) -> list[str]:
        """The columns that are added, in order."""
        return [PREFIX + name for name in (*self.schema.task_names, *self.undefined)]

    @property
    def needed(self) -> list[str]:
        """The columns that rows must have."""
        return list(dict.fromkeys(list(self.schema.raw_columns) + ([self._domain] if self._domain else [])))

    @property
    def _domain(self) -> str | None:
        return self.schema.domain_column if len(self.schema.domains) > 1 else None

    def check(self, table: TableFiles) -> None:
        """Refuse rows that lack a column, or have one where a score would go.

        Raises:
            DataError: names each.
        """
        table.require(self.needed, "Name the columns as the data set that was trained on does.")
        self._refuse_taken(table.columns, table.source)

    def scored(self, table: TableFiles) -> Iterator[pa.RecordBatch]:
        """All rows in their order, with their scores behind their own columns.

        Raises:
            DataError: a value does not fit; there are no rows; or, after all rows were read, rows of unknown domains.
            DamagedError: the model predicts something that is no number.
        """
        for piece in table.pieces:
            domain_B = self._domains(piece)
            if self._refuses():
                continue  # all that is left to do is to count
            self._refuse_taken(piece.batch.schema.names, piece.source)
            scores = self._scores(piece, domain_B)
            yield pa.RecordBatch.from_arrays(
                [*piece.batch.columns, *scores.values()], names=[*piece.batch.schema.names, *scores]
            )
        if self._refuses():
            raise self._homeless(table.source)
        if not self.tally.rows:
            raise DataError(f"{table.source} holds no rows.", hint="Look at the program that writes it.")

    def _scores(self, piece: Piece, domain_B: NDArray[np.int64]) -> dict[str, pa.Array]:
        encoded = self.scorer.encode(self._raw(piece))
        predictions_BT = self.scorer.predict(encoded, domain_B)
        self.tally.add(encoded, domain_B)
        bad = np.flatnonzero(~np.isfinite(predictions_BT).all(axis=1))
        if len(bad):
            raise DamagedError(f"{piece.place(int(bad[0]))}: the model predicts no number.", hint="Train it again.")
        scores = dict(zip(self.schema.task_names, predictions_BT.T, strict=True))
        found = {PREFIX + task: pa.array(np.ascontiguousarray(values)) for task, values in scores.items()}
        doubles = {task: values.astype(np.float64) for task, values in scores.items()}
        for formula in self.formulas:
            values = formula(doubles)
            undefined = ~np.isfinite(values)
            self.undefined[formula.name] += int(undefined.sum())
            found[PREFIX + formula.name] = pa.array(values, mask=undefined)
        return found

    def _raw(self, piece: Piece) -> pa.RecordBatch:
        """The features' columns as text, double and lists of text."""
        columns: dict[str, pa.Array] = {}
        for feature, name in zip(self.schema.features, self.schema.raw_columns, strict=True):
            missing = () if name == self.schema.domain_column else self.schema.missing
            if isinstance(feature, NumberFeature):
                columns[name] = piece.number(name, missing)
            elif isinstance(feature, SequenceFeature):
                columns[name] = piece.texts(name, missing, self.schema.separator)
            else:
                columns[name] = piece.text(name, missing)
        return pa.RecordBatch.from_pydict(columns)

    def _domains(self, piece: Piece) -> NDArray[np.int64]:
        """The index of each row's domain; those of unknown ones are counted, and go where these go."""
        if self._domain is None:
            return np.zeros(len(piece.batch), np.int64)
        values = piece.text(self._domain).dictionary_encode()
        codes = values.indices.fill_null(len(values.dictionary)).to_numpy()  # the place behind the last value
        domain_B = np.append(domain_index(values.dictionary.to_pylist(), self.schema), ANY_DOMAIN)[codes]
        unknown = domain_B == ANY_DOMAIN
        self.homeless.add(values.filter(pa.array(unknown)).dictionary_decode())
        self.without += values.null_count
        return domain_B if self.unknown is None else np.where(unknown, self.unknown, domain_B)

    def _refuses(self) -> bool:
        return self.unknown is None and bool(self.homeless.total or self.without)

    def _homeless(self, source: str) -> DataError:
        column, problems = self.schema.domain_column, []
        if self.homeless.total:
            named = [f"{shown(value)} ({count:,})" for value, count in self.homeless.counts.most_common(_SHOWN)]
            more = ", ..." if len(self.homeless.counts) > _SHOWN else ""
            rows = "1 row has" if self.homeless.total == 1 else f"{self.homeless.total:,} rows have"
            problems.append(
                f"{rows} a value in the domain column {column!r} that the model does not know: {', '.join(named)}{more}"
            )
        if self.without:
            rows = "1 row has" if self.without == 1 else f"{self.without:,} rows have"
            problems.append(f"{rows} no value in the domain column {column!r}")
        groups, domains = self.schema.domain_groups, self.schema.domains
        values = [value for value, domain in groups.items() if domain in domains] or list(domains)
        names = f" ({', '.join(domains[:_NAMED])})" if groups else ""
        return DataError(
            f"{source}: {'; '.join(problems)}.",
            hint=f"It knows: {', '.join(values[:_NAMED])}. --unknown-domain mean scores such rows by the mean over all "
            f"domains, --unknown-domain NAME as rows of that one{names}.",
        )

    def _refuse_taken(self, columns: tuple[str, ...] | list[str], source: str) -> None:
        taken = [name for name in self.columns if name in columns]
        if taken:
            raise DataError(
                f"{source} has a column {taken[0]!r} already, where a score would go.", hint="Rename or remove it."
            )
