"""Rows with their labels, and those of them that are watched and not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

import pandas as pd

from recmtl.deepctr.checks import number
from recmtl.deepctr.columns import FeatureColumn
from recmtl.deepctr.inputs import as_frame, as_labels
from recmtl.estimator.errors import RefusedData, RefusedParameters
from recmtl.estimator.labels import Labels, read_labels


@dataclass(frozen=True)
class LabelledRows:
    """What the estimator takes."""

    X: pd.DataFrame
    labels: Labels

    def __len__(self) -> int:
        return len(self.X)

    def some(self, rows: slice) -> "LabelledRows":
        """A part of them."""
        return LabelledRows(self.X[rows], Labels(self.labels.names, self.labels.label_BT[rows], self.labels.flat))


def read_rows(columns: Sequence[FeatureColumn], tasks: Sequence[str], x: Any, y: Any) -> LabelledRows:
    """The rows of the inputs `x`, with the labels `y`.

    Raises:
        RefusedData: they do not fit the columns and the tasks, or each other.
    """
    X, labels = as_frame(columns, x), read_labels(as_labels(tasks, y))
    if len(X) != len(labels.label_BT):
        raise RefusedData(f"X has {len(X)} rows, and y {len(labels.label_BT)}.")
    if not len(X):
        raise RefusedData("X has no rows.")
    return LabelledRows(X, labels)


def parted(
    rows: LabelledRows, columns: Sequence[FeatureColumn], validation_split: Any, validation_data: Any
) -> tuple[LabelledRows, LabelledRows | None]:
    """Rows that are trained on, and those that are watched, if there are any.

    Args:
        rows: all of `fit`.
        columns: the model's.
        validation_split: the share of them, at their end, that is watched.
        validation_data: (x, y) of rows that are watched in its place; or None.

    Raises:
        ValueError: one of these makes no sense; nothing is left to train on or to watch.
    """
    if validation_data is not None:
        if not isinstance(validation_data, list | tuple) or len(validation_data) != 2:
            raise RefusedParameters("fit: validation_data must be two things, (x, y).")
        return rows, read_rows(columns, rows.labels.names, *validation_data)
    share = number("fit: validation_split", validation_split, below=1)
    if not share:
        return rows, None
    count = floor(len(rows) * (1 - share))
    if not 0 < count < len(rows):
        raise RefusedData(f"fit: validation_split={share:g} of {len(rows)} rows leaves one of the two parts empty.")
    return rows.some(slice(count)), rows.some(slice(count, None))
