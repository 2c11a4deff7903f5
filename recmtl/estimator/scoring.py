"""How good predictions are, in one number: the mean skill of the tasks."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score, roc_auc_score

from recmtl.errors import DataError
from recmtl.metrics.predictions import TaskPredictions
from recmtl.metrics.skill import skills
from recmtl.metrics.undefined import Undefined


def mean_skill(predictions: list[TaskPredictions], weight_B: NDArray[np.float64] | None) -> float:
    """The mean over the tasks that have a skill: AUC of a binary one, 1 - MSE / variance of a regression.

    Raises:
        DataError: no task has one.
        ValueError: a label is none of its task.
    """
    if weight_B is not None:  # rows that weigh nothing are not there
        predictions = [_rows(task, weight_B > 0) for task in predictions]
    try:
        found = {name: skill for name, skill in skills(predictions).items() if skill is not None}
    except Undefined as error:
        raise DataError(f"no task has a score: {error.reason}.", hint="Score more rows.") from error
    if weight_B is not None:
        weight_B = weight_B[weight_B > 0]
        found = {task.task: _weighted(task, weight_B) for task in predictions if task.task in found}
    return sum(found.values()) / len(found)


def _rows(task: TaskPredictions, chosen_B: NDArray[np.bool_]) -> TaskPredictions:
    return TaskPredictions(task.task, task.kind, task.label[chosen_B], task.prediction[chosen_B])


def _weighted(task: TaskPredictions, weight_B: NDArray[np.float64]) -> float:
    metric, seen = roc_auc_score if task.kind == "binary" else r2_score, task.observed
    return float(metric(task.label[seen], task.prediction[seen], sample_weight=weight_B[seen]))
