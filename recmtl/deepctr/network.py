"""The object that a model function gives: compile, fit, predict, evaluate, summary."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recmtl.deepctr.checks import whole
from recmtl.deepctr.columns import DenseFeat, FeatureColumn, SparseFeat, embedded, shared_tables
from recmtl.deepctr.compiled import Compiled, check_losses, read_loss_weights, read_metrics, read_optimizer
from recmtl.deepctr.epochs import Epochs, History, line
from recmtl.deepctr.inputs import as_frame
from recmtl.deepctr.rows import LabelledRows, parted, read_rows
from recmtl.estimator import MultiTaskRanker
from recmtl.estimator.errors import RefusedData, RefusedParameters, as_value_errors
from recmtl.estimator.fitted import WholeCourse, fit
from recmtl.estimator.folder import Saved
from recmtl.estimator.labels import read_weights
from recmtl.estimator.settings import read_settings
from recmtl.metrics.predictions import TaskPredictions
from recmtl.schema import Task

BATCH_SIZE = 32
"""Keras' own, where none is given."""


@dataclass(frozen=True)
class Penalties:
    """What the sums of squares of weights are multiplied with in the loss."""

    embedding: float
    dnn: float


class Network:
    """A model as Keras has one, on a `MultiTaskRanker`.

    Args:
        section: the section `model` of a config.
        columns: checked.
        tasks: names and kinds.
        penalties: on weights.
        seed: of all chance.

    Attributes:
        history: what `fit` gave.
    """

    def __init__(
        self, section: dict[str, Any], columns: tuple[FeatureColumn, ...], tasks: tuple[Task, ...],
        penalties: Penalties, seed: int,
    ) -> None:  # fmt: skip
        self.section, self.columns, self.tasks, self.penalties, self.seed = section, columns, tasks, penalties, seed
        self._compiled: Compiled | None = None
        self._ranker: MultiTaskRanker | None = None
        self.history: History | None = None
        with as_value_errors():
            read_settings(self._given({}, {}))  # what is wrong with the section is told before any data are read

    @property
    def ranker(self) -> MultiTaskRanker:
        """The fitted estimator, to `save` for instance; it takes what `frame` gives.

        Raises:
            RefusedParameters: there is none yet.
        """
        if self._ranker is None:
            raise RefusedParameters("the model has not been fitted yet.", hint="Call fit first.")
        return self._ranker

    @property
    def metrics_names(self) -> list[str]:
        """What `evaluate` gives, in order."""
        return self._told_how().names()

    def frame(self, x: Any) -> pd.DataFrame:
        """The inputs as the estimator takes them."""
        return as_frame(self.columns, x)

    def compile(self, optimizer: Any, loss: Any, metrics: Any = None, loss_weights: Any = None) -> None:
        """Say what training makes small, how, and what is told of it.

        Args:
            optimizer: "adam", "adagrad" or "sgd", at Keras' learning rate; another rate is given as
                {"class_name": "Adam", "config": {"learning_rate": 0.01}}.
            loss: one for each task, in order or by name, or one for all: binary_crossentropy or mean_squared_error.
            metrics: names, for all tasks for which they are; or for each task, in a list of lists or by name.
            loss_weights: for each task, in order or by name; 1 if not given.

        Raises:
            ValueError: something else is asked for.
        """
        check_losses(loss, self.tasks)
        optimizers = read_optimizer(optimizer, 2 * self.penalties.embedding, 2 * self.penalties.dnn)
        weights = read_loss_weights(loss_weights, self.tasks)
        self._compiled = Compiled(optimizers, weights, read_metrics(metrics, self.tasks))

    def fit(
        self, x: Any, y: Any, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: bool = True,
        class_weight: None = None, sample_weight: Any = None,
    ) -> History:  # fmt: skip
        """Train for all epochs, and keep the last one's weights.

        Args:
            x: the inputs by name.
            y: an array for each task, in order or by name, or one [rows, tasks]; NaN says that a label was not
                observed.
            batch_size: rows of a step, 32 if not given.
            epochs: passes over the rows.
            verbose: 0 prints nothing, anything else two lines an epoch.
            callbacks: none.
            validation_split: the share of rows, at their end, that is watched and not trained on.
            validation_data: (x, y) of rows that are watched, in its place.
            shuffle: True; every epoch has an order of its own.
            class_weight: none.
            sample_weight: how much a row counts in the losses of all tasks.

        Raises:
            ValueError: an argument, the inputs or the labels are refused; the model was fitted before.
        """
        self._refuse(callbacks, shuffle, class_weight)
        compiled = self._told_how()
        batch_size = BATCH_SIZE if batch_size is None else whole("batch_size", batch_size)
        with as_value_errors():
            rows = self._rows(x, y)
            if sample_weight is not None and np.shape(sample_weight) != (len(rows),):
                shape = np.shape(sample_weight)
                raise RefusedData(
                    f"fit: sample_weight is of shape {shape}; it must be one number for each of {len(rows)}."
                )
            weight_B = read_weights(sample_weight, rows.X)
            rows, watched = parted(rows, self.columns, validation_split, validation_data)
            parameters = self._parameters(compiled, rows, epochs, batch_size)
            told = Epochs(compiled, epochs, batch_size, watched is not None, silent=verbose == 0)
            course = WholeCourse(told, None if watched is None else (watched.X, watched.labels))
            tables = {name: feature.embedding_name for name, feature in shared_tables(self.columns).items()}
            fitted = fit(
                rows.X, rows.labels, None if weight_B is None else weight_B[: len(rows)], read_settings(parameters),
                course, tables,
            )  # fmt: skip
        self._ranker = MultiTaskRanker.of(Saved(fitted, parameters, named=True))
        self.history = told.kept
        return told.kept

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> list[NDArray[np.float32]]:
        """One array [rows, 1] for each task: probabilities, or values in the labels' units.

        Args:
            x: the inputs by name.
            batch_size: of no influence on the predictions.
            verbose: nothing is printed.

        Raises:
            ValueError: the inputs are refused; the model has not been fitted.
        """
        ranker = self.ranker
        with as_value_errors():
            prediction_BT = ranker.predict(self.frame(x))
        return [prediction_BT[:, [place]] for place in range(len(self.tasks))]

    def evaluate(
        self, x: Any, y: Any, batch_size: int | None = None, verbose: Any = "auto", return_dict: bool = False
    ) -> list[float] | dict[str, float]:
        """The losses and metrics of `metrics_names`, NaN where one has no value; by name if `return_dict`.

        Raises:
            ValueError: the inputs or labels are refused; the model has not been fitted.
        """
        compiled, ranker, began = self._told_how(), self.ranker, monotonic()
        with as_value_errors():
            rows = self._rows(x, y)
            prediction_BT = ranker.predict(rows.X)
            predictions = [
                TaskPredictions(task.name, task.kind, rows.labels.label_BT[:, place], prediction_BT[:, place])
                for place, task in enumerate(self.tasks)
            ]
            values = compiled.measure(predictions)
        if verbose != 0:
            print(line(values, len(rows), batch_size or BATCH_SIZE, monotonic() - began))
        return values if return_dict else list(values.values())

    def summary(self, print_fn: Callable[[str], Any] = print) -> None:
        """Print the inputs, the section `model`, the tasks, and the number of parameters once it is known."""
        for column in self.columns:
            if isinstance(column, DenseFeat):
                print_fn(f"{column.name}: {column.dimension} number(s)")
            else:
                (of,) = embedded([column])
                many = "id" if isinstance(column, SparseFeat) else f"up to {column.maxlen} ids"
                print_fn(f"{column.name}: {many} of {of.vocabulary_size}, vectors of {of.embedding_dim}")
        print_fn(f"model: {json.dumps(self.section)}")
        for task in self.tasks:
            print_fn(f"{task.name}: {task.kind}")
        if self._ranker is None:
            print_fn("parameters: known after fit, as only ids in the training rows have vectors")
        else:
            print_fn(f"parameters: {sum(weight.numel() for weight in self._ranker.model_.parameters()):,}")

    def _told_how(self) -> Compiled:
        if self._compiled is None:
            raise RefusedParameters("the model has not been compiled yet.", hint="Call compile first.")
        return self._compiled

    def _refuse(self, callbacks: Any, shuffle: bool, class_weight: None) -> None:
        if self._ranker is not None:
            raise RefusedParameters(
                "the model was fitted before, and training does not go on from there.", hint="Make a new one."
            )
        if callbacks is not None and len(np.atleast_1d(np.array(callbacks, object))):
            raise RefusedParameters(
                "fit: callbacks are not there.",
                hint="To stop early, or to keep the best epoch, use recmtl.MultiTaskRanker.",
            )
        if shuffle is not True:
            raise RefusedParameters(f"fit: shuffle={shuffle!r} is not there; every epoch has an order of its own.")
        if class_weight is not None:
            raise RefusedParameters("fit: class_weight is not there; sample_weight is.")

    def _rows(self, x: Any, y: Any) -> LabelledRows:
        return read_rows(self.columns, [task.name for task in self.tasks], x, y)

    def _parameters(self, compiled: Compiled, rows: LabelledRows, epochs: int, batch_size: int) -> dict[str, Any]:
        """Of the estimator."""
        weights = dict(compiled.weights)
        for task, label_B in zip(self.tasks, rows.labels.label_BT.T, strict=True):
            if task.kind == "regression" and np.isfinite(label_B).any():
                # the loss `mse` is in units of the labels' variance
                weights[task.name] *= float(np.nanvar(label_B)) or 1.0
        train = {
            "epochs": whole("epochs", epochs),
            "batch_size": batch_size,
            "balance": {"name": "fixed", "weights": weights},
            **compiled.optimizers,
        }
        hashed = {of.embedding_name: of.vocabulary_size for of in shared_tables(self.columns).values() if of.use_hash}
        return self._given(train, {"hashing": hashed, "max_distinct": 0})

    def _given(self, train: dict[str, Any], split: dict[str, Any]) -> dict[str, Any]:
        return MultiTaskRanker(
            self.section, train=train, split=split,
            categorical=[column.name for column in self.columns if isinstance(column, SparseFeat)],
            tasks={task.name: task.kind for task in self.tasks}, random_state=self.seed,
        ).get_params(deep=False)  # fmt: skip
