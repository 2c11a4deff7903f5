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
CHUNK = 2**16
"""Rows that are worked on at a time: what lies between stays in the processor's cache, and takes no new memory, which
costs more than the sort.
"""
_LABEL, _GROUP = np.uint64(1), np.uint64(33)


class Ties(NamedTuple):
    """The C blocks that hold a positive row, in ascending order of (group, score); no other block counts in a ranking.
    And the G groups in ascending order.
    """

    rows: NDArray[np.int64]
    """[C] rows before each block, in all groups."""
    negatives: NDArray[np.int64]
    """[C] negative rows in each block."""
    positives: NDArray[np.int64]
    """[C + 1] positive rows before each block; the last entry counts them all."""
    group: NDArray[np.int64]
    """[G] the groups."""
    edge: NDArray[np.int64]
    """[G + 1] rows before each group; the last entry counts them all."""


def ties(label: NDArray[np.bool_], score: Array, group: Array | None = None) -> Ties:
    """Sort N > 0 rows by group code (in [0, 2**31); None: one group) and finite float32 or float64 score."""
    key = _keys(label, score, group)
    key.sort()
    positive = np.flatnonzero(key.astype(np.uint8) & np.uint8(1))  # [P] the rows' places
    block = key[positive]
    first = np.flatnonzero(np.concatenate(([True], block[1:] != block[:-1]))[: len(block)])  # [C] among the positive
    start, block = positive[first], block[first]
    negatives = np.zeros(len(start), np.int64)
    # a block's negative rows lie right before its positive ones, one less in the key
    mixed = np.flatnonzero((key[start - 1] == block - _LABEL) & (start > 0))
    negatives[mixed] = start[mixed] - np.searchsorted(key, block[mixed] - _LABEL)
    edge = np.array([0, len(key)]) if group is None else _group_edges(key)
    return Ties(
        start - negatives, negatives, np.append(first, len(positive)), (key[edge[:-1]] >> _GROUP).astype(np.int64), edge
    )


def _keys(label: NDArray[np.bool_], score: Array, group: Array | None) -> NDArray[np.uint64]:
    """Not yet sorted."""
    score = _narrow(score)
    key = np.empty(len(score), np.uint64)
    for start in range(0, len(key), CHUNK):
        part = slice(start, start + CHUNK)
        piece = key[part]
        piece[:] = score[part] if score.dtype == np.uint32 else _score_code(score[part])
        piece <<= _LABEL
        piece |= label[part]
        if group is not None:
            piece |= group[part].astype(np.uint64) << _GROUP
    return key


def _group_edges(key: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Rows before each group of sorted keys; the last entry counts them all."""
    changes = np.empty(len(key), bool)
    changes[0] = True
    for start in range(1, len(key), CHUNK):
        piece = key[start - 1 : start + CHUNK] >> _GROUP
        np.not_equal(piece[1:], piece[:-1], out=changes[start : start + CHUNK])
    return np.append(np.flatnonzero(changes), len(key))


def _narrow(score: Array) -> Array:
    """The scores as float32; or, as real float64 values do not fit there, their ranks as uint32."""
    if score.dtype == np.float32:
        return score
    with np.errstate(over="ignore"):
        narrow = score.astype(np.float32)
    return narrow if np.array_equal(narrow, score) else np.unique(score, return_inverse=True)[1].astype(np.uint32)


def _score_code(score: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Map scores to integers in the same order; scores are equal exactly where their codes are."""
    bits = (score + np.float32(0)).view(np.uint32)  # adding 0 makes -0.0 and 0.0 the same bits
    # IEEE 754 bits order like integers once negative numbers are inverted and positive ones lifted above them
    negative = (bits.view(np.int32) >> 31).view(np.uint32)
    return bits ^ (negative | np.uint32(1 << 31))
