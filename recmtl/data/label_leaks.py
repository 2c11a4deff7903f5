"""How well one column alone tells a label: what tells it nearly always was written after the label, or from it."""

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from recmtl.data.column_profile import ColumnProfile

SUSPECT = 0.99
"""AUC, or rank correlation, from which on a column is taken for a leak."""
MIN_ROWS = 20
"""Of each class (or of the label's rows), fewer say nothing."""
SEED = 72_931
"""Of the halves; none that made-up rows would be made with, too."""
Numbers = NDArray[np.float64]


def tells(column: ColumnProfile, label: Numbers, *, binary: bool) -> float:
    """AUC (or absolute rank correlation with a regression's labels) of the column's best reading: as a number, by
    whether it is missing, or by the label's mean over the rows of each of its values, taken from other rows.

    Args:
        column: not a list.
        label: NaN where it was not observed.
        binary: its values are 0 and 1.
    """
    known = ~np.isnan(label)
    found = [0.0]
    if column.numbers is not None:
        numbers = np.where(np.isnan(column.numbers), -np.inf, column.numbers)
        found.append(_strength(numbers[known], label[known], binary))
    if column.texts is not None:
        there = column.texts.is_valid().to_numpy(zero_copy_only=False).astype(np.float64)
        found.append(_strength(there[known], label[known], binary))
        found.append(_by_value(column, label, known, binary))
    return max(found)


def _by_value(column: ColumnProfile, label: Numbers, known: NDArray[np.bool_], binary: bool) -> float:
    """Means from one half of the rows, judged on the other."""
    codes = pc.fill_null(pc.dictionary_encode(column.texts).indices, -1).to_numpy(zero_copy_only=False)[known] + 1
    labels = label[known]
    half = np.random.default_rng(SEED).random(len(labels)) < 0.5
    if not half.any():
        return 0.0
    size = int(codes.max()) + 1
    sums = np.bincount(codes[half], labels[half], size)
    counts = np.bincount(codes[half], minlength=size)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), labels[half].mean())
    return _strength(means[codes[~half]], labels[~half], binary)


def _strength(score: Numbers, label: Numbers, binary: bool) -> float:
    if len(label) < MIN_ROWS:
        return 0.0
    ranks = _ranks(score)
    if not binary:
        others = _ranks(label)
        if not ranks.std() or not others.std():
            return 0.0
        return float(abs(np.corrcoef(ranks, others)[0, 1]))
    positive = label == 1
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if min(ones, zeros) < MIN_ROWS:
        return 0.0
    area = float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))
    return max(area, 1 - area)


def _ranks(values: Numbers) -> Numbers:
    """From 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: Numbers = (ends - (counts - 1) / 2)[inverse]
    return means
