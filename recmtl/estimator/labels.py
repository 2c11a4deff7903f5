"""y: one column a task, NaN where a label was not observed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError
from sklearn.utils.validation import check_consistent_length

from recmtl.config import Config, nearest, problems
from recmtl.errors import ConfigError
from recmtl.estimator.columns import TAKEN
from recmtl.estimator.errors import RefusedData
from recmtl.estimator.texts import floats
from recmtl.schema import Task


class TaskSettings(Config):
    """What the user says about a task beside its labels."""

    kind: Literal["binary", "regression"] | None = None
    """None: binary if all labels are 0 or 1."""
    bounds: tuple[float, float] | None = None
    """The least and greatest label of a regression: predictions stay inside."""


@dataclass(frozen=True)
class Labels:
    """The labels of all tasks."""

    names: tuple[str, ...]
    label_BT: NDArray[np.float64]
    """NaN where not observed."""
    flat: bool
    """y was 1-D: so are the predictions."""


def read_labels(y: Any) -> Labels:
    """A frame or a 2-D array with one column a task, or something 1-D for one.

    Raises:
        RefusedData: it is of another shape, or holds something else than numbers.
    """
    if isinstance(y, pd.DataFrame):
        named = all(isinstance(name, str) for name in y.columns)
        frame, flat = y if named else y.set_axis([f"y{place}" for place in range(y.shape[1])], axis=1), False
    elif isinstance(y, pd.Series):
        frame, flat = y.to_frame(y.name if isinstance(y.name, str) else "y"), True
    else:
        array = np.asarray(y)
        flat = array.ndim == 1
        if array.ndim not in (1, 2):
            raise RefusedData(f"y must be 1-D, or 2-D with one column a task, not of shape {array.shape}.")
        columns = ["y"] if flat else [f"y{place}" for place in range(array.shape[1])]
        frame = pd.DataFrame(array.reshape(len(array), -1), columns=columns)
    if not frame.shape[1]:
        raise RefusedData("y has no column, so there is no task.")
    try:
        found = [floats(frame.iloc[:, place], f"the label {name!r}") for place, name in enumerate(frame.columns)]
    except RefusedData as error:
        raise RefusedData(f"y, {error.message} Unknown label type.", hint="Labels are 0 and 1, or numbers.") from error
    return Labels(tuple(frame.columns), np.stack(found, axis=1), flat)


def make_tasks(labels: Labels, settings: Mapping[str, TaskSettings]) -> tuple[Task, ...]:
    """What the labels are of; their statistics are not fitted yet.

    Raises:
        ConfigError: `settings` name a task that is not there, or do not fit together.
        RefusedData: a task cannot have its name.
    """
    for name in settings:
        if name not in labels.names:
            raise ConfigError(f"tasks names {name!r}{nearest(name, labels.names)}.")
    return tuple(
        _task(name, labels.label_BT[:, place], settings.get(name, TaskSettings()))
        for place, name in enumerate(labels.names)
    )


def _task(name: str, label_B: NDArray[np.float64], settings: TaskSettings) -> Task:
    observed_B = label_B[~np.isnan(label_B)]
    looks_binary = len(observed_B) > 0 and settings.bounds is None and bool(np.isin(observed_B, (0, 1)).all())
    kind: Literal["binary", "regression"] = "binary" if looks_binary else "regression"
    unfit = RefusedData(f"y: no task can be called {name!r}.", hint="Rename the column.")
    if name.lower() in TAKEN:
        raise unfit
    try:
        return Task(name=name, kind=settings.kind or kind, bounds=settings.bounds)
    except ValidationError as error:
        found = problems(error, Task)
        if any(path == "name" for path, _ in found):
            raise unfit from error
        raise ConfigError(f"tasks.{name} {'; '.join(what for _, what in found)}.") from error


def labels_of(y: Any, tasks: Sequence[str], flat: bool) -> NDArray[np.float64]:
    """label_BT of the fitted tasks, found by name in a frame and by place otherwise.

    Raises:
        RefusedData: there are other tasks.
    """
    if isinstance(y, pd.DataFrame) and not flat and all(isinstance(name, str) for name in y.columns):
        missing = [name for name in tasks if name not in y.columns]
        if missing:
            raise RefusedData(f"y has no column {missing[0]!r}{nearest(missing[0], y.columns)}.")
        y = y[list(tasks)]
    label_BT = read_labels(y).label_BT
    if label_BT.shape[1] != len(tasks):
        raise RefusedData(f"y has {label_BT.shape[1]} columns; the model was fitted to the tasks {', '.join(tasks)}.")
    return label_BT


def read_weights(sample_weight: Any, X: Any) -> NDArray[np.float64] | None:
    """weight_B of the rows of X, None without weights.

    Raises:
        ValueError: it is not one number of at least 0 for each row, or all are 0.
    """
    if sample_weight is None:
        return None
    weight_B = np.asarray(sample_weight, np.float64)
    if weight_B.ndim != 1:
        raise RefusedData(f"sample_weight must be 1-D, not of shape {weight_B.shape}.")
    check_consistent_length(X, weight_B)
    wrong_B = ~(np.isfinite(weight_B) & (weight_B >= 0))
    if wrong_B.any():
        row = int(wrong_B.argmax())
        raise RefusedData(f"row {row}: sample_weight is {weight_B[row]:g}; it must be a finite number of at least 0.")
    if not weight_B.any():
        raise RefusedData("sample_weight is zero in all rows.")
    return weight_B
