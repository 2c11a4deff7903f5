"""Skill: the one number that says how good a task's predictions are. AUC of a binary task, r2 of a regression.

`skill` reads it off a finished cell; the others compute nothing else, for early stopping.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from recmtl.metrics.arrays import naming
from recmtl.metrics.auc import auc
from recmtl.metrics.predictions import TaskPredictions
from recmtl.metrics.regression import r2
from recmtl.metrics.undefined import Undefined


def skill(cell: Mapping[str, Any]) -> float | None:
    """Read the skill off a scorecard's cell or a summary's row; None if it is undefined there."""
    value: float | None = cell["auc"] if "auc" in cell else cell["r2"]
    return value


def task_skill(task: TaskPredictions) -> float:
    """Compute the skill over all observed rows, as the task's "all" cell would have it.

    Raises Undefined if it has no value, ValueError for bad arrays.
    """
    metric = auc if task.kind == "binary" else r2
    with naming(f"observed rows of task {task.task!r}"):
        return metric(task.label[task.observed], task.prediction[task.observed])


def mean_skill(predictions: Iterable[TaskPredictions]) -> float:
    """Average the tasks' skills, leaving out the undefined ones.

    Raises Undefined, with every task's reason, if there is none; ValueError for bad arrays.
    """
    skills, reasons = [], []
    for task in predictions:
        try:
            skills.append(task_skill(task))
        except Undefined as error:
            reasons.append(f"{task.task}: {error.reason}")
    if not skills:
        raise Undefined("; ".join(reasons) or "no tasks")
    return float(np.mean(skills))
