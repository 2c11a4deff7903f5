"""Area under the ROC curve, over all rows or within each group, exact and with ties.

    AUC = (pairs (positive, negative) with the positive scored higher + half the pairs scored alike) / all such pairs

which is what mid-ranks give (Mann-Whitney). Pairs are counted in integers; the only rounding is the last division.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recmtl.metrics.arrays import Array, binary
from recmtl.metrics.groups import group_codes
from recmtl.metrics.ties import Ties, ties
from recmtl.metrics.undefined import Undefined, count_rows


class GroupAuc(NamedTuple):
    """AUC within each of G groups; all arrays are [G]."""

    group: Array
    """The groups' keys: ascending if they are small non-negative integers, else in order of first appearance."""
    auc: NDArray[np.float64]
    """NaN where the group has only one class."""
    rows: NDArray[np.int64]
    positives: NDArray[np.int64]


def auc(label: Array, prediction: Array) -> float:
    """Chance that a positive row scores above a negative one. Any finite scores will do: only their order counts.

    An infinite score is refused like NaN: it tells of an overflow, and ranking it would hide that.
    Raises Undefined unless both classes are there, ValueError for bad arrays.
    """
    return auc_of(ties(*binary(label, prediction)))


def auc_of(blocks: Ties) -> float:
    """The same of rows that are sorted already, without groups. Raises Undefined unless both classes are there."""
    result = _areas(blocks)
    if np.isnan(result.auc[0]):
        raise Undefined(f"only one class among {count_rows(int(result.rows[0]))}")
    return float(result.auc[0])


def auc_by_group(label: Array, prediction: Array, group: Array) -> GroupAuc:
    """AUC within each group, all groups in one sort. Rows without a group (None, NaN) are left out.

    group: [N] integers, strings or objects. Raises Undefined without rows, ValueError for bad arrays.
    """
    label, score = binary(label, prediction)
    codes, keys = group_codes(group)
    if codes.shape != label.shape:
        raise ValueError(f"group must be 1-D and as long as label, not {codes.shape} beside {label.shape}")
    known = codes >= 0
    if not known.all():
        label, score, codes = label[known], score[known], codes[known]
    if not len(label):
        raise Undefined("no row has a group")
    result = _areas(ties(label, score, codes))
    return result if keys is None else result._replace(group=keys[result.group])


def _areas(blocks: Ties) -> GroupAuc:
    of_group = np.searchsorted(blocks.rows, blocks.edge)  # [G + 1] blocks before each group
    before = blocks.positives[of_group]
    rows, positives = np.diff(blocks.edge), np.diff(before)
    pairs = positives * (rows - positives)
    below = blocks.rows - blocks.positives[:-1]  # [C] negatives before each block, in all groups
    # twice the pairs: a block's positives beat the negatives below it and tie with half of its own; those of the
    # groups before are below all of the group's positives and are taken off again
    won = np.cumsum(np.diff(blocks.positives) * (2 * below + blocks.negatives))
    twice = np.diff(np.append(0, won)[of_group]) - 2 * positives * (blocks.edge - before)[:-1]
    area = np.full(len(rows), np.nan)
    np.divide(twice, 2 * pairs, out=area, where=pairs > 0)
    return GroupAuc(blocks.group, area, rows, positives)
