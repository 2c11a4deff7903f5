"""Rows of a planted truth as a user has them: a frame, and labels of which some were never observed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from recmtl.estimator import MultiTaskRanker

SETTINGS = {
    "model": {"name": "shared_bottom", "bottom": [16], "tower": [], "encoder": {"embedding_dim": 4}},
    "train": {
        "epochs": 6,
        "batch_size": 64,
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "table_optimizer": {"name": "lazy_adam", "learning_rate": 0.03},
    },
    "categorical": ["item"],
    "validation_share": 0.2,
}


@dataclass(frozen=True)
class Rows:
    """What a user brings."""

    X: pd.DataFrame
    y: pd.DataFrame
    """`click` is binary; `watched`, in minutes, is observed only after a click."""

    def some(self, rows: slice) -> "Rows":
        return Rows(self.X.iloc[rows], self.y.iloc[rows])


def draw(size: int, seed: int = 0) -> Rows:
    chance = np.random.default_rng(seed)
    item, city = chance.integers(100, 120, size), chance.choice(["Bonn", "Ulm", "Trier"], size)
    price = np.where(chance.random(size) < 0.1, np.nan, chance.uniform(0, 10, size))
    history = [chance.integers(100, 120, length).tolist() for length in chance.integers(0, 4, size)]
    X = pd.DataFrame(
        {
            "item": item,
            "city": city,
            "price": price,
            "country": np.where(chance.random(size) < 0.7, "de", "fr"),
            "mobile": chance.random(size) < 0.5,
            "history": history,
        }
    )
    taste = (item % 5 - 2) + 2.0 * (city == "Ulm") - np.nan_to_num(price - 5) / 2
    click = chance.random(size) < 1 / (1 + np.exp(-2 * taste))
    watched = np.where(click, 5 + 2 * taste + chance.normal(size=size), np.nan)
    return Rows(X, pd.DataFrame({"click": click.astype(float), "watched": watched}))


@pytest.fixture(scope="session")
def rows() -> Rows:
    return draw(800)


@pytest.fixture(scope="session")
def fresh() -> Rows:
    return draw(400, seed=1)


@pytest.fixture(scope="session")
def ranker() -> MultiTaskRanker:
    """Not fitted; tests clone it."""
    return MultiTaskRanker(**SETTINGS)


@pytest.fixture(scope="session")
def fitted(ranker: MultiTaskRanker, rows: Rows) -> MultiTaskRanker:
    """Fitted to `rows`, for reading alone."""
    return MultiTaskRanker(**SETTINGS).fit(rows.X, rows.y)
