"""The one order of rows in training, for data in memory and streamed alike: a function of (seed, epoch, window) and
of the groups.

Row groups of all domains are put in a random order; a window of so many groups is read, its rows are shuffled, then
comes the next. How much memory there is never matters.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GROUPS_TOGETHER = 16
"""Row groups of one file that are read in one go: to open a large file takes as long as to read a few."""


@dataclass(frozen=True)
class Window:
    """Row groups that are read together."""

    groups: NDArray[np.int64]
    """Which, in the order in which they are laid end to end."""
    size: int
    """Rows in all of them."""
    rows: NDArray[np.int64] | None = None
    """The order of their rows: each position among them exactly once. None: as they lie, and so do the groups."""


def shuffled(group_sizes: Sequence[int], window: int, seed: int, epoch: int) -> Iterator[Window]:
    """Every row exactly once, in the order in which this epoch visits them.

    Args:
        group_sizes: rows of each row group, in the order in which the rows lie.
        window: groups shuffled together.
        seed: of the training.
        epoch: from 0.
    """
    chance, sizes = np.random.default_rng([seed, epoch]), np.asarray(group_sizes, np.int64)
    groups = chance.permutation(len(sizes))
    for start in range(0, len(groups), window):
        some = groups[start : start + window]
        size = int(sizes[some].sum())
        yield Window(some, size, chance.permutation(size))


def as_they_lie(group_sizes: Sequence[int]) -> Iterator[Window]:
    """Every row exactly once, as the files have them, some groups at a time."""
    sizes = np.asarray(group_sizes, np.int64)
    for start in range(0, len(sizes), GROUPS_TOGETHER):
        groups = np.arange(start, min(start + GROUPS_TOGETHER, len(sizes)))
        yield Window(groups, int(sizes[groups].sum()))


def after(windows: Iterable[Window], skip: int) -> Iterator[tuple[Window, int]]:
    """The windows without the first `skip` rows: (window, how many of its rows are left out)."""
    for window in windows:
        if window.size > skip:
            yield window, skip
        skip = max(0, skip - window.size)


def positions(windows: Iterable[Window], group_sizes: Sequence[int]) -> NDArray[np.int64]:
    """The rows of all windows as positions among all rows."""
    starts = np.concatenate([[0], np.cumsum(group_sizes, dtype=np.int64)])
    places = [np.empty(0, np.int64)]
    for window in windows:
        laid = np.concatenate([np.arange(starts[group], starts[group + 1]) for group in window.groups])
        places.append(laid if window.rows is None else laid[window.rows])
    return np.concatenate(places)
