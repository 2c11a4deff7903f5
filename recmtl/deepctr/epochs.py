"""What is told of each epoch, and kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, isnan
from time import monotonic

from recmtl.data.rows import RowsInMemory
from recmtl.deepctr.compiled import Compiled
from recmtl.metrics.predictions import TaskPredictions
from recmtl.training.predict import task_predictions
from recmtl.training.state import TrainState


@dataclass
class History:
    """What `fit` gives."""

    history: dict[str, list[float]] = field(default_factory=dict)
    """Name of a loss or metric -> its value after each epoch; those of validation rows begin with val_."""
    epoch: list[int] = field(default_factory=list)
    """From 0."""


class Epochs:
    """Keeps and prints the losses and metrics of each epoch.

    Args:
        compiled: which ones.
        epochs: that there will be.
        batch_size: rows of a step.
        watched: there are validation rows.
        silent: print nothing.
    """

    def __init__(self, compiled: Compiled, epochs: int, batch_size: int, watched: bool, silent: bool) -> None:
        self.compiled, self.epochs, self.batch_size = compiled, epochs, batch_size
        self.watched, self.silent = watched, silent
        self.kept, self.began = History(), monotonic()

    def __call__(self, state: TrainState, rows: RowsInMemory, predictions: Sequence[TaskPredictions]) -> None:
        """An epoch is done.

        Args:
            state: with its record.
            rows: that are trained on.
            predictions: of the validation rows; of those that are trained on if there are no others.
        """
        tasks = state.model.schema.tasks
        units = {task.name: task.std**2 if task.kind == "regression" else 1.0 for task in tasks}
        losses = {name: loss * units[name] for name, loss in state.history[-1]["loss"].items()}
        of_training = predictions
        if self.watched and any(self.compiled.metrics.values()):
            of_training = task_predictions(state.model, rows, range(len(tasks)))
        values = self.compiled.measure(of_training, losses)
        if self.watched:
            values |= {f"val_{name}": value for name, value in self.compiled.measure(predictions).items()}
        for name, value in values.items():
            self.kept.history.setdefault(name, []).append(value)
        self.kept.epoch.append(len(self.kept.epoch))
        if not self.silent:
            print(f"Epoch {len(self.kept.epoch)}/{self.epochs}")
            print(line(values, len(rows), self.batch_size, monotonic() - self.began))
        self.began = monotonic()


def line(values: Mapping[str, float], rows: int, batch_size: int, seconds: float) -> str:
    """In plain text, as Keras has it."""
    steps = ceil(rows / batch_size)
    told = [f"{name}: {'undefined' if isnan(value) else f'{value:.4f}'}" for name, value in values.items()]
    return " - ".join([f"{steps}/{steps}", f"{seconds:.0f}s", *told])
