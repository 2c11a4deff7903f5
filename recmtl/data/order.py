"""The one order of rows in training, for data in memory and streamed alike: a function of (seed, epoch, window) and
of the groups.

Row groups of all domains are put in a random order; a window of so many groups is read, its rows are shuffled, then
comes the next. How much memory there is never matters.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def epoch_order(group_sizes: Sequence[int], window: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Every row's position exactly once, in the order in which this epoch visits them.

    Args:
        group_sizes: rows of each row group, in the order in which the rows lie.
        window: groups shuffled together.
        seed: of the training.
        epoch: from 0.
    """
    chance = np.random.default_rng([seed, epoch])
    starts = np.concatenate([[0], np.cumsum(group_sizes)])
    groups = chance.permutation(len(group_sizes))
    windows = [groups[i : i + window] for i in range(0, len(groups), window)]
    return np.concatenate(
        [np.empty(0, np.int64)]
        + [chance.permutation(np.concatenate([np.arange(starts[g], starts[g + 1]) for g in some])) for some in windows]
    )
