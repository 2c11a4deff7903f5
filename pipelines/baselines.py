"""Logged scores of another model, measured beside ours on the rows that have one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recmtl.metrics.auc import auc
from recmtl.metrics.gauc import gauc
from recmtl.metrics.predictions import TaskPredictions
from recmtl.metrics.undefined import Undefined
from recmtl.schema import ALL, Schema


def baseline_cells(
    schema: Schema,
    predictions: list[TaskPredictions],
    columns: pa.Table,
    domain: NDArray[np.int64],
    user: NDArray[Any] | None,
) -> list[dict[str, Any]]:
    """For each logged score on each domain and over all: its AUC (and GAUC), and the model's own on the very same rows.

    A logged score may be on any scale, so only metrics that rank are measured.
    """
    by_task = {prediction.task: prediction for prediction in predictions}
    found = []
    for score in schema.scores:
        ours, logged = by_task[score.task], np.asarray(columns[score.column].to_numpy(), dtype=np.float64)
        there = ours.observed & ~np.isnan(logged)
        for index, name in [*enumerate(schema.domains), (None, ALL)]:
            rows = there if index is None else there & (domain == index)
            found.append({"score": score.name, "task": score.task, "domain": name, "rows": int(rows.sum()),
                          **_pair(ours, logged, rows, user)})  # fmt: skip
    return found


def _pair(
    ours: TaskPredictions, logged: NDArray[np.float64], rows: NDArray[np.bool_], user: NDArray[Any] | None
) -> dict[str, Any]:
    label, model = ours.label[rows], ours.prediction[rows]
    values: dict[str, Any] = {
        "auc": _value(lambda: auc(label, logged[rows])),
        "model_auc": _value(lambda: auc(label, model)),
    }
    if user is not None:
        values["gauc"] = _value(lambda: gauc(label, logged[rows], user[rows]))
        values["model_gauc"] = _value(lambda: gauc(label, model, user[rows]))
    return values


def _value(metric: Callable[[], float]) -> float | None:
    try:
        return metric()
    except Undefined:
        return None
