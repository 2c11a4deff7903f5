"""Scorecards of several runs side by side: one number a task, or a task and a domain."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recmtl.schema import ALL

METRICS = ("AUC", "RMSE")
"""Of a binary task, and of a regression."""


@dataclass(frozen=True)
class Score:
    """A metric of one config."""

    task: str | None
    """None: the mean of all tasks with this metric."""
    domain: str | None
    """None: the mean of all domains."""
    metric: str
    values: Sequence[float | None]
    """Of each seed; None where it is undefined."""

    @property
    def mean(self) -> float | None:
        """Over the seeds; None if one is undefined."""
        known = [value for value in self.values if value is not None]
        return statistics.fmean(known) if known and len(known) == len(self.values) else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation over the seeds (of a sample: n - 1); None if there is one seed."""
        known = [value for value in self.values if value is not None]
        return statistics.stdev(known) if self.mean is not None and len(known) > 1 else None


def scores(cards: Sequence[Mapping[str, Any]], *, by_domain: bool) -> list[Score]:
    """What the scorecards of one config say, one card a seed.

    A score for each task over all domains, or with `by_domain` for each task on each domain; then for each metric that
    has several scores their mean, which leaves out a score that is undefined.
    """
    places = [(cell["task"], cell["domain"]) for cell in cards[0]["cells"] if (cell["domain"] != ALL) == by_domain]
    cells = [{(cell["task"], cell["domain"]): cell for cell in card["cells"]} for card in cards]
    found = []
    for place in places:
        metric = METRICS[0] if "auc" in cells[0][place] else METRICS[1]
        found.append(Score(*place, metric, [_value(of_seed[place], metric) for of_seed in cells]))
    return found + [mean for metric in METRICS for mean in _mean(metric, found)]


def _value(cell: Mapping[str, Any], metric: str) -> float | None:
    if metric == METRICS[0]:
        return None if cell["auc"] is None else float(cell["auc"])
    return None if cell["mse"] is None else math.sqrt(cell["mse"])


def _mean(metric: str, found: Iterable[Score]) -> list[Score]:
    of_metric = [score.values for score in found if score.metric == metric]
    if len(of_metric) < 2:
        return []
    by_seed = [[value for value in values if value is not None] for values in zip(*of_metric, strict=True)]
    return [Score(None, None, metric, [statistics.fmean(known) if known else None for known in by_seed])]
