"""A small planted problem with a known answer: rows whose tasks' probabilities are told, so that a model can be held
against the best that is possible.

Two correlated tasks (`buy` is observed only where click = 1, or in all rows, 0 where click = 0), three domains of their
own base rates, categories, two sequences (`history` shares the table of `item`), two numbers (`price` with gaps, `age`
also a category).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recmtl.batch import Batch, Ragged
from recmtl.data.rows import RowsInMemory
from recmtl.metrics.auc import auc
from recmtl.schema import FIRST_ID, MISSING, UNSEEN, CategoricalFeature, NumberFeature, Schema, SequenceFeature, Task

GROUP_ROWS = 50
"""Rows of a row group, at most."""
_VALUES = {"item": 30, "city": 6, "tag": 8, "age": 5}
_DOMAINS = {"home": 0.5, "search": 0.3, "cart": 0.2}
_LONGEST = 4

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Planted:
    """Rows and the truth they were drawn from."""

    schema: Schema
    rows: RowsInMemory
    probability_BT: Tensor
    """Chance of each label, given the features; of `buy`, given a click where it is observed only there."""

    def best_skill(self, task: int) -> float:
        """AUC of the true probabilities on the observed rows: no model can be expected to rank them better."""
        observed_B = self.rows.batch.observed_BT[:, task]
        label_B = self.rows.batch.labels_BT[observed_B, task]
        return auc(label_B.numpy(), self.probability_BT[observed_B, task].numpy())


def planted_schema(entire_space: bool = False) -> Schema:
    """What the rows of `planted` look like."""
    buy = Task(name="buy", kind="binary", observed_if=None if entire_space else "click = 1")
    return Schema(
        dataset="planted",
        features=(
            CategoricalFeature(name="item", table="item"),
            CategoricalFeature(name="city", table="city"),
            NumberFeature(name="price", table="price", knots=tuple(float(knot) for knot in range(0, 61, 6))),
            NumberFeature(name="age", table="age", knots=tuple(float(knot) for knot in range(15, 70, 5))),
            SequenceFeature(name="history", table="item"),
            SequenceFeature(name="tags", table="tag"),
        ),
        tables={**{name: FIRST_ID + count for name, count in _VALUES.items()}, "price": FIRST_ID},
        tasks=(Task(name="click", kind="binary"), buy),
        domains=tuple(_DOMAINS),
        knots=11,
    )


def planted(rows: int, seed: int, entire_space: bool = False) -> Planted:
    """Draw rows, domain after domain; other seeds give other rows of the same truth.

    Args:
        rows: how many.
        seed: of the draw.
        entire_space: `buy` is observed in all rows, and means a click and a purchase.
    """
    chance = np.random.default_rng(seed)
    domain_B = np.sort(chance.choice(len(_DOMAINS), rows, p=list(_DOMAINS.values())))
    item_B, age_B = chance.integers(_VALUES["item"], size=rows), chance.integers(_VALUES["age"], size=rows)
    city_B = 2 * domain_B + chance.integers(2, size=rows)  # cities tell the domain
    price_B = np.where(chance.random(rows) < 0.1, np.nan, chance.gamma(3, 8, rows))
    history, tags = _Lists.draw(chance, rows, "item"), _Lists.draw(chance, rows, "tag")

    effect = _Effects()
    wave_B = np.nan_to_num(np.sin(price_B / 8))
    taste_B = effect.item[item_B] + 2 * history.mean(effect.item, rows) + 2 * wave_B + effect.age[age_B]
    click_B = taste_B + effect.city[city_B]
    buy_B = 0.7 * taste_B + effect.again[item_B] + tags.mean(effect.tag, rows)
    probability_BT = 1 / (1 + np.exp(-np.stack([click_B, buy_B], axis=1)))
    labels_BT = chance.random((rows, 2)) < probability_BT
    labels_BT[:, 1] &= labels_BT[:, 0]
    observed_BT = np.stack([np.full(rows, True), labels_BT[:, 0] | entire_space], axis=1)
    if entire_space:
        probability_BT[:, 1] *= probability_BT[:, 0]

    price_id_B = np.where(np.isnan(price_B), MISSING, UNSEEN)
    ids = [item_B + FIRST_ID, city_B + FIRST_ID, price_id_B, age_B + FIRST_ID]
    batch = Batch(
        ids_BF=torch.from_numpy(np.stack(ids, axis=1)).int(),
        numbers_BN=torch.from_numpy(np.stack([price_B, 20.0 + 10 * age_B], axis=1)).float(),
        sequences=(history.ragged(), tags.ragged()),
        labels_BT=torch.from_numpy(labels_BT).float(),
        observed_BT=torch.from_numpy(observed_BT),
        domain_B=torch.from_numpy(domain_B),
        weight_B=torch.ones(rows),
    )
    groups = [len(group) for of_domain in _split(domain_B) for group in _chunks(of_domain)]
    return Planted(planted_schema(entire_space), RowsInMemory(batch, tuple(groups)), torch.from_numpy(probability_BT))


class _Effects:
    """What each value adds to the logits."""

    def __init__(self) -> None:
        chance = np.random.default_rng(7)
        self.item, self.again = chance.normal(0, 1, (2, _VALUES["item"]))
        self.age, self.tag = chance.normal(0, 0.5, _VALUES["age"]), chance.normal(0, 1, _VALUES["tag"])
        self.city: Floats = np.array([-1.0, -0.5, 0.0, 0.3, 0.8, 1.2])


@dataclass(frozen=True)
class _Lists:
    """Values of a sequence feature, before they are ids."""

    values_L: Ints
    length_B: Ints

    @staticmethod
    def draw(chance: np.random.Generator, rows: int, table: str) -> "_Lists":
        length_B = chance.integers(_LONGEST + 1, size=rows)
        return _Lists(chance.integers(_VALUES[table], size=length_B.sum()), length_B)

    def mean(self, effect: Floats, rows: int) -> Floats:
        owner_L = np.repeat(np.arange(rows), self.length_B)
        return np.bincount(owner_L, effect[self.values_L], minlength=rows) / np.maximum(self.length_B, 1)

    def ragged(self) -> Ragged:
        offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(self.length_B)]))
        return Ragged(torch.from_numpy(self.values_L + FIRST_ID).int(), offsets)


def _split(domain_B: Ints) -> list[Ints]:
    return np.split(domain_B, np.flatnonzero(np.diff(domain_B)) + 1)


def _chunks(rows: Ints) -> list[Ints]:
    return [rows[i : i + GROUP_ROWS] for i in range(0, len(rows), GROUP_ROWS)]
