"""Rows sorted by (group, score) and cut into blocks of equal scores: all that ranking metrics need to know of a row.

Group, score and label are packed into one uint64, so that the one sort is a plain sort of integers (no argsort, no
gather), which numpy does with vector instructions:

    key = group << 33 | code(score) << 1 | label
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recmtl.metrics.arrays import Array

MAX_GROUP = 2**31
"""Group codes must stay below this to fit beside a 32-bit score code and the label."""


class Ties(NamedTuple):
    """B blocks in ascending order of (group, score)."""

    group: NDArray[np.int64]
    """[B] the block's group."""
    rows: NDArray[np.int64]
    """[B + 1] rows before each block; the last entry counts them all."""
    positives: NDArray[np.int64]
    """[B + 1] positive rows before each block; the last entry counts them all."""


def ties(label: NDArray[np.bool_], score: Array, group: Array | None = None) -> Ties:
    """Sort N > 0 rows by group code (in [0, 2**31); None: one group) and finite float32 or float64 score."""
    key = _score_code(score) << np.uint64(1)
    key |= label
    if group is not None:
        key |= group.astype(np.uint64) << np.uint64(33)
    key.sort()
    block = key >> np.uint64(1)
    edge = np.concatenate(([0], np.flatnonzero(block[1:] != block[:-1]) + 1, [len(key)]))
    positives = np.concatenate(([0], np.cumsum(key & np.uint64(1), dtype=np.int64)))
    return Ties((block[edge[:-1]] >> np.uint64(32)).astype(np.int64), edge, positives[edge])


def _score_code(score: Array) -> NDArray[np.uint64]:
    """Map scores to integers below 2**32 in the same order; scores are equal exactly where their codes are."""
    with np.errstate(over="ignore"):
        narrow = score.astype(np.float32)
    if not np.array_equal(narrow, score):  # real float64 values do not fit in 32 bits, but their ranks do
        return np.unique(score, return_inverse=True)[1].astype(np.uint64)
    bits = (narrow + np.float32(0)).view(np.uint32)  # adding 0 makes -0.0 and 0.0 the same bits
    # IEEE 754 bits order like integers once negative numbers are inverted and positive ones lifted above them
    negative = (bits.view(np.int32) >> 31).view(np.uint32)
    return (bits ^ (negative | np.uint32(1 << 31))).astype(np.uint64)
