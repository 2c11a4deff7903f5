"""Made-up rows of a click log, a block at a time: a function of the seed, the part and the block alone.

26 categorical columns whose ids follow Zipf's law, the domain as a 27th, 13 standard normal numbers. Click and
conversion are drawn from planted weights of ids and numbers; a row converts only where it was clicked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PARTS = ("train", "valid", "test")
TASKS = ("click", "conversion")
COLUMNS, NUMBERS, DOMAINS = 26, 13, 10
ALL_IDS = 1_492_600
"""Of all tables together, the domains' included."""
ZIPF = 1.05
CLICK_RATES = np.geomspace(0.05, 0.2, DOMAINS)
"""Of each domain."""
CONVERSION_RATE = 0.13
"""Among clicks."""
ID_SPREAD, NUMBER_SPREAD = 0.28, 0.28
"""Standard deviations of the planted weights."""
BLOCK = 100_000
PROBE = 200_000
"""Rows from which the biases are found."""
STEP = 2_654_435_761
"""A prime above any table's size: times it, ids lie in their table in no order of frequency."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """Rows of one domain."""

    ids_BF: NDArray[np.int32]
    """From 0, the domain last."""
    numbers_BN: Floats
    labels_BT: Floats


def table_sizes(scale: int = 1) -> list[int]:
    """Ids of each table, the domain's last: from ten to some 500,000, together ALL_IDS (times `scale` but for the
    domains).
    """
    ratio = 1.5441
    sizes = [round(10 * ratio**place) for place in range(COLUMNS - 1)]
    sizes.append(ALL_IDS - DOMAINS - sum(sizes))
    return [size * scale for size in sizes] + [DOMAINS]


def part_rows(train_rows: int) -> dict[str, int]:
    """Rows of each part."""
    return {"train": train_rows, "valid": train_rows // 10, "test": train_rows // 5}


def domain_rows(rows: int) -> list[int]:
    """Rows of each domain: large and small ones, the more clicked ones smaller."""
    share = np.geomspace(3, 1, DOMAINS)
    ends = np.round(np.cumsum(share / share.sum()) * rows).astype(int)
    return np.diff(ends, prepend=0).tolist()


class Generator:
    """The planted weights, and rows drawn from them."""

    def __init__(self, seed: int = 0, ids_scale: int = 1) -> None:
        self.seed, self.sizes = seed, table_sizes(ids_scale)
        chance = np.random.default_rng([seed, len(PARTS)])
        self.cumulative = [_zipf(size) for size in self.sizes[:-1]]
        # float32: a hundred million ids are no burden
        self.id_weights = [[_normal(chance, size) * ID_SPREAD for size in self.sizes[:-1]] for _ in TASKS]
        self.number_weights_TN = chance.normal(size=(len(TASKS), NUMBERS)) * NUMBER_SPREAD
        ids_BF, numbers_BN = self._features(chance, PROBE, domain=0)
        click_B, conversion_B = (self._score(ids_BF, numbers_BN, task) for task in range(len(TASKS)))
        self.click_biases = [_bias(click_B, np.ones(PROBE), rate) for rate in CLICK_RATES]
        clicked_B = _sigmoid(click_B + _bias(click_B, np.ones(PROBE), float(CLICK_RATES.mean())))
        self.conversion_bias = _bias(conversion_B, clicked_B, CONVERSION_RATE)

    def blocks(self, part: str, domain: int, rows: int) -> Iterator[Block]:
        """The rows of a domain in a part."""
        for place, start in enumerate(range(0, rows, BLOCK)):
            chance = np.random.default_rng([self.seed, PARTS.index(part), domain, place])
            ids_BF, numbers_BN = self._features(chance, min(BLOCK, rows - start), domain)
            click_B = _sigmoid(self._score(ids_BF, numbers_BN, 0) + self.click_biases[domain])
            conversion_B = _sigmoid(self._score(ids_BF, numbers_BN, 1) + self.conversion_bias)
            draw_TB = chance.random((len(TASKS), len(ids_BF)))
            clicked_B = draw_TB[0] < click_B
            labels = (clicked_B, clicked_B & (draw_TB[1] < conversion_B))
            yield Block(ids_BF, numbers_BN, np.stack(labels, axis=1).astype(np.float32))

    def _features(self, chance: np.random.Generator, rows: int, domain: int) -> tuple[NDArray[np.int32], Floats]:
        ids_BF = np.full((rows, len(self.sizes)), domain, np.int32)
        for column, cumulative in enumerate(self.cumulative):
            rank = np.searchsorted(cumulative, chance.random(rows))
            ids_BF[:, column] = rank * STEP % self.sizes[column]
        return ids_BF, chance.standard_normal((rows, NUMBERS), dtype=np.float32)

    def _score(self, ids_BF: NDArray[np.int32], numbers_BN: Floats, task: int) -> NDArray[np.float64]:
        """The logit without its bias."""
        score = numbers_BN @ self.number_weights_TN[task]
        for column, weights in enumerate(self.id_weights[task]):
            score += weights[ids_BF[:, column]]
        return score


def _zipf(size: int) -> NDArray[np.float64]:
    """The cumulative shares of ranks 0, 1, ..."""
    cumulative = np.cumsum(np.arange(1, size + 1, dtype=np.float64) ** -ZIPF)
    return cumulative / cumulative[-1]


def _normal(chance: np.random.Generator, size: int) -> Floats:
    return chance.standard_normal(size, dtype=np.float32)


def _sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-logit))


def _bias(score: NDArray[np.float64], weight: NDArray[np.float64], rate: float) -> float:
    """What added to the scores gives the mean `rate`, by bisection."""
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.average(_sigmoid(score + middle), weights=weight) < rate else (low, middle)
    return low
