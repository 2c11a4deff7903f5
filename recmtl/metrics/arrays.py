"""What every metric asks of its arrays, asked in one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recmtl.metrics.undefined import Undefined

Array = NDArray[Any]


def binary(label: Array, prediction: Array) -> tuple[NDArray[np.bool_], Array]:
    """Check 0/1 labels and finite scores, both [N]; return the labels as bool, the scores as float32 or float64.

    float32 is kept because it ranks faster; whatever else (integers too) is read as float64.
    Raises ValueError for anything else, Undefined without rows.
    """
    label, prediction = _pair(label, prediction)
    positive: NDArray[np.bool_] = label == 1
    _refuse(~positive & (label != 0), "label", label, "0 or 1")
    return positive, prediction if prediction.dtype == np.float32 else prediction.astype(np.float64, copy=False)


def probabilities(label: Array, prediction: Array) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Check as `binary` does, and that the predictions lie in [0, 1]; return them as float64."""
    positive, score = binary(label, prediction)
    _refuse((score < 0) | (score > 1), "prediction", score, "a probability in [0, 1]")
    return positive, score.astype(np.float64, copy=False)


def real(label: Array, prediction: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Check finite labels and predictions, both [N]; return both as float64.

    Raises ValueError for anything else, Undefined without rows.
    """
    label, prediction = _pair(label, prediction)
    _refuse(~np.isfinite(label), "label", label, "a finite number")
    return label.astype(np.float64, copy=False), prediction.astype(np.float64, copy=False)


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Say in a ValueError from within whose arrays were bad: the metrics know rows, their callers know names."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error


def check_columns(label: Array, prediction: Array) -> None:
    """Raise ValueError unless both are numbers, 1-D and equally long."""
    if label.ndim != 1 or label.shape != prediction.shape:
        raise ValueError(f"label and prediction must be 1-D and equally long, not {label.shape} and {prediction.shape}")
    if label.dtype.kind not in "biuf" or prediction.dtype.kind not in "biuf":
        raise ValueError(f"label and prediction must be numbers, not {label.dtype} and {prediction.dtype}")


def _pair(label: Array, prediction: Array) -> tuple[Array, Array]:
    label, prediction = np.asarray(label), np.asarray(prediction)
    check_columns(label, prediction)
    if not len(label):
        raise Undefined("no rows")
    _refuse(~np.isfinite(prediction), "prediction", prediction, "a finite number")
    return label, prediction


def _refuse(wrong: NDArray[np.bool_], name: str, values: Array, wanted: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"{name} must be {wanted}, but is {values[row]} in row {row}")
