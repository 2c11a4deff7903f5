"""What `compile` is told, in Keras' words, as sections of a config."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from recmtl.config import nearest
from recmtl.deepctr.checks import number
from recmtl.estimator.errors import RefusedParameters
from recmtl.metrics.auc import auc
from recmtl.metrics.log_loss import log_loss
from recmtl.metrics.predictions import TaskPredictions
from recmtl.metrics.regression import mae, mse
from recmtl.metrics.undefined import Undefined
from recmtl.schema import Task

RATES = {"adam": 1e-3, "adagrad": 1e-3, "sgd": 1e-2}
"""Keras' learning rate of each optimizer that moves embedding tables here too."""
LOSSES = {
    "binary": ("binary_crossentropy", "BinaryCrossentropy", "bce", "BCE"),
    "regression": ("mean_squared_error", "MeanSquaredError", "mse", "MSE"),
}
"""Kind of a task -> what Keras calls the loss it has."""


def accuracy(label: NDArray[Any], probability: NDArray[Any]) -> float:
    """Share of the rows whose probability is on their label's side of a half."""
    if not len(label):
        raise Undefined("no rows")
    return float(((probability > 0.5) == (label == 1)).mean())


METRICS: dict[str, tuple[Callable[[NDArray[Any], NDArray[Any]], float], bool]] = {
    "auc": (auc, True),
    "accuracy": (accuracy, True),
    "acc": (accuracy, True),
    "binary_accuracy": (accuracy, True),
    "binary_crossentropy": (log_loss, True),
    "mae": (mae, False),
    "mean_absolute_error": (mae, False),
    "mse": (mse, False),
    "mean_squared_error": (mse, False),
}
"""Keras' name, in small letters -> the metric, and whether it is for binary tasks alone."""


@dataclass(frozen=True)
class Compiled:
    """What training makes small, how, and what is told of it."""

    optimizers: dict[str, dict[str, Any]]
    """The keys `optimizer` and `table_optimizer` of the section `train`."""
    weights: dict[str, float]
    """Task -> the weight of its loss."""
    metrics: dict[str, tuple[str, ...]]
    """Task -> names of its metrics."""

    def names(self) -> list[str]:
        """What `measure` gives, in order."""
        losses = [f"{task}_loss" for task in self.weights]
        return ["loss", *losses, *(f"{task}_{name}" for task, names in self.metrics.items() for name in names)]

    def measure(
        self, predictions: Sequence[TaskPredictions], losses: Mapping[str, float] | None = None
    ) -> dict[str, float]:
        """The losses and metrics by name, NaN where one has no value.

        Args:
            predictions: of all tasks.
            losses: mean loss of each task, where it is known already.
        """
        by_task = {of_task.task: of_task for of_task in predictions}
        if losses is None:
            kinds = {"binary": "binary_crossentropy", "regression": "mse"}
            losses = {task: _value(kinds[by_task[task].kind], by_task[task]) for task in self.weights}
        total = sum(self.weights[task] * loss for task, loss in losses.items())
        found = [total, *losses.values()]
        found += [_value(name, by_task[task]) for task, names in self.metrics.items() for name in names]
        return dict(zip(self.names(), found, strict=True))


def _value(name: str, task: TaskPredictions) -> float:
    try:
        return METRICS[name][0](task.label[task.observed], task.prediction[task.observed])
    except Undefined:
        return float("nan")


def read_optimizer(optimizer: Any, table_l2: float, dense_l2: float) -> dict[str, dict[str, Any]]:
    """Both optimizers of the section `train`, from a name or Keras' own description of one.

    Raises:
        RefusedParameters: it is none that moves embedding tables, or is described by something else.
    """
    if not isinstance(optimizer, str | Mapping):
        raise RefusedParameters(
            f"compile: the optimizer is an object, {type(optimizer).__module__}.{type(optimizer).__name__}.",
            hint="Give its name, 'adam', or {'class_name': 'Adam', 'config': {'learning_rate': 0.01}}.",
        )
    described: dict[str, Any] = {"class_name": optimizer} if isinstance(optimizer, str) else {**optimizer}
    config = dict(described.pop("config", {}))
    name = str(described.pop("class_name", "")).lower()
    rate = config.pop("learning_rate", RATES.get(name))
    if name not in RATES:
        raise RefusedParameters(f"compile: the optimizer {name!r} is not there{nearest(name, RATES)}.")
    config.pop("name", None)
    if others := [*described, *config]:
        raise RefusedParameters(f"compile: an optimizer has its learning_rate alone, not {others[0]!r}.")
    if number("compile: the learning_rate", rate) == 0:
        raise RefusedParameters("compile: the learning_rate must be above 0.")
    return {
        "optimizer": {"name": name, "learning_rate": float(rate), "l2": dense_l2},
        "table_optimizer": {"name": name, "learning_rate": float(rate), "l2": table_l2},
    }


def check_losses(loss: Any, tasks: Sequence[Task]) -> None:
    """Refuse losses that are not those of the tasks' kinds.

    Raises:
        RefusedParameters: naming the task and what its loss must be.
    """
    for task, name in _of_each("loss", loss, tasks).items():
        if name not in LOSSES[task.kind]:
            raise RefusedParameters(
                f"compile: the loss of the {task.kind} task {task.name!r} must be {LOSSES[task.kind][0]!r}, "
                f"not {name!r}."
            )


def read_loss_weights(loss_weights: Any, tasks: Sequence[Task]) -> dict[str, float]:
    """The weight of each task's loss; 1 if nothing is said.

    Raises:
        RefusedParameters: they are not one number above 0 for each task.
    """
    if loss_weights is None:
        return {task.name: 1.0 for task in tasks}
    found = _of_each("loss_weights", loss_weights, tasks)
    weights = {task.name: number(f"compile: loss_weights of {task.name!r}", value) for task, value in found.items()}
    if zero := [name for name, weight in weights.items() if not weight]:
        raise RefusedParameters(f"compile: loss_weights of {zero[0]!r} must be above 0.")
    return weights


def read_metrics(metrics: Any, tasks: Sequence[Task]) -> dict[str, tuple[str, ...]]:
    """Names of each task's metrics: a list of names is for every task for which they are, a list of lists or a mapping
    says which task has which.

    Raises:
        RefusedParameters: a metric is not there, or is not for a task that is told to have it.
    """
    metrics = [metrics] if isinstance(metrics, str) else metrics
    if metrics is None or (isinstance(metrics, list | tuple) and all(isinstance(name, str) for name in metrics)):
        names = [_metric(name) for name in metrics or ()]
        if unfit := [name for name in names if not any(_fits(name, task) for task in tasks)]:
            raise RefusedParameters(f"compile: the metric {unfit[0]!r} is for binary tasks, and there is none.")
        return {task.name: tuple(name for name in names if _fits(name, task)) for task in tasks}
    of_task: dict[str, tuple[str, ...]] = {task.name: () for task in tasks}
    for task, given in _of_each("metrics", metrics, tasks, all_of_them=False).items():
        of_task[task.name] = tuple(map(_metric, given if isinstance(given, list | tuple) else [given]))
        if unfit := [name for name in of_task[task.name] if not _fits(name, task)]:
            raise RefusedParameters(f"compile: the metric {unfit[0]!r} is for binary tasks, not for {task.name!r}.")
    return of_task


def _metric(name: Any) -> str:
    if not isinstance(name, str):
        raise RefusedParameters(
            f"compile: a metric is an object, {type(name).__module__}.{type(name).__name__}.",
            hint=f"Give the name of one: {', '.join(METRICS)}.",
        )
    if name.lower() not in METRICS:
        raise RefusedParameters(f"compile: the metric {name!r} is not there{nearest(name.lower(), METRICS)}.")
    return name.lower()


def _fits(name: str, task: Task) -> bool:
    return task.kind == "binary" or not METRICS[name][1]


def _of_each(what: str, given: Any, tasks: Sequence[Task], all_of_them: bool = True) -> dict[Task, Any]:
    """One for each task: of a list in order, of a mapping by name; of anything else, the same for all."""
    names = [task.name for task in tasks]
    if isinstance(given, Mapping):
        if unknown := [name for name in given if name not in names]:
            raise RefusedParameters(
                f"compile: {what} names {unknown[0]!r}, which is no task{nearest(unknown[0], names)}."
            )
        if all_of_them and (missing := [name for name in names if name not in given]):
            raise RefusedParameters(f"compile: {what} says nothing of the task {missing[0]!r}.")
        return {task: given[task.name] for task in tasks if task.name in given}
    if isinstance(given, list | tuple):
        if len(given) != len(tasks):
            raise RefusedParameters(f"compile: {what} has {len(given)} entries, and there are {len(tasks)} tasks.")
        return dict(zip(tasks, given, strict=True))
    return dict.fromkeys(tasks, given)
