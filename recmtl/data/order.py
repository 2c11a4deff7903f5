"""The one order of rows in training, for data in memory and streamed alike: a function of (seed, epoch, window) and
of the groups.

Row groups of all domains are put in a random order; a window of so many groups is read, its rows are shuffled, then
comes the next. How much memory there is never matters.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """Row groups that are read together."""

    groups: NDArray[np.int64]
    """Which, in the order in which they are laid end to end."""
    rows: NDArray[np.int64]
    """The order of their rows: each position among them exactly once."""


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
        yield Window(some, chance.permutation(int(sizes[some].sum())))


def as_they_lie(group_sizes: Sequence[int]) -> Iterator[Window]:
    """Every row exactly once, as the files have them, a group at a time."""
    for group, size in enumerate(group_sizes):
        yield Window(np.array([group]), np.arange(size))


def positions(windows: Iterable[Window], group_sizes: Sequence[int]) -> NDArray[np.int64]:
    """The rows of all windows as positions among all rows."""
    starts = np.concatenate([[0], np.cumsum(group_sizes, dtype=np.int64)])
    places = [
        np.concatenate([np.arange(starts[group], starts[group + 1]) for group in window.groups])[window.rows]
        for window in windows
    ]
    return np.concatenate([np.empty(0, np.int64), *places])
