"""Metrics of real-valued predictions: mse, mae, r2.

`r2` is also the skill of a regression, 1 - MSE / variance of the labels: the same number, so there is one function.
All raise ValueError for bad arrays, and Undefined without rows or where the errors overflow float64.
"""

import math

import numpy as np

from recmtl.metrics.arrays import Array, real
from recmtl.metrics.undefined import Undefined, count_rows


def mse(label: Array, prediction: Array) -> float:
    """Mean squared error."""
    label, prediction = real(label, prediction)
    with np.errstate(over="ignore", invalid="ignore"):
        return _finite(np.square(label - prediction).mean())


def mae(label: Array, prediction: Array) -> float:
    """Mean absolute error."""
    label, prediction = real(label, prediction)
    with np.errstate(over="ignore", invalid="ignore"):
        return _finite(np.abs(label - prediction).mean())


def r2(label: Array, prediction: Array) -> float:
    """Share of the labels' variance explained, 1 - MSE / variance: 0 for always predicting the mean, 1 for no error.

    Raises Undefined with fewer than two rows or constant labels.
    """
    error = mse(label, prediction)
    label = np.asarray(label, np.float64)
    if len(label) < 2:
        raise Undefined("fewer than two rows")
    with np.errstate(over="ignore", invalid="ignore"):
        variance = _finite(label.var())
    # rounding gives equal labels a variance, and very small ones lose theirs
    if label.min() == label.max() or variance == 0:
        raise Undefined(f"constant labels among {count_rows(len(label))}")
    return _finite(1 - error / variance)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise Undefined("the errors overflow float64")
    return float(value)
