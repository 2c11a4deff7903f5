"""From trials to a ticket: the smallest mask that costs nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Trial:
    """One mask, trained from the initial weights."""

    mask: Mapping[str, Tensor]
    kept: int
    total: int
    score: float
    """Validation score."""

    @property
    def percent(self) -> float:
        """Share of the weights that is kept, in percent, to two places."""
        return round(100 * self.kept / self.total, 2)


def choose(trials: Sequence[Trial], tolerance: float) -> int:
    """The position of the smallest mask whose score lies within `tolerance` of the best mask's."""
    best = max(trial.score for trial in trials)
    good = [i for i, trial in enumerate(trials) if trial.score >= best - tolerance]
    return min(good, key=lambda i: trials[i].kept)
