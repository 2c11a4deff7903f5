"""Skill: the one number that says how good a task's predictions are, for early stopping. AUC of a binary task, r2 of a
regression, over all domains: what the task's "all" cell of a scorecard has, and nothing else computed.
"""

from collections.abc import Iterable

from recmtl.metrics.arrays import naming
from recmtl.metrics.auc import auc
from recmtl.metrics.predictions import TaskPredictions
from recmtl.metrics.regression import r2
from recmtl.metrics.undefined import Undefined


def task_skill(task: TaskPredictions) -> float:
    """Compute the skill over all observed rows.

    Raises Undefined if it has no value, ValueError for bad arrays.
    """
    metric = auc if task.kind == "binary" else r2
    with naming(f"observed rows of task {task.task!r}"):
        return metric(task.label[task.observed], task.prediction[task.observed])


def skills(predictions: Iterable[TaskPredictions]) -> dict[str, float | None]:
    """Compute each task's skill, None where it is undefined.

    Raises Undefined, with every task's reason, if all are; ValueError for bad arrays.
    """
    found: dict[str, float | None] = {}
    reasons = []
    for task in predictions:
        try:
            found[task.task] = task_skill(task)
        except Undefined as error:
            found[task.task] = None
            reasons.append(f"{task.task}: {error.reason}")
    if len(reasons) == len(found):
        raise Undefined("; ".join(reasons) or "no tasks")
    return found
