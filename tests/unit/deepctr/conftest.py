"""Rows as DeepCTR's examples make them: encoded columns in a dict, and an array of labels for each task."""

from dataclasses import dataclass

import numpy as np
import pytest

from recmtl.deepctr import DenseFeat, Shared_Bottom, SparseFeat, VarLenSparseFeat
from recmtl.errors import RecmtlError


@dataclass(frozen=True)
class Rows:
    X: dict[str, np.ndarray]
    click: np.ndarray
    minutes: np.ndarray

    @property
    def y(self) -> list[np.ndarray]:
        return [self.click, self.minutes]


def draw(size: int, seed: int = 0) -> Rows:
    chance = np.random.default_rng(seed)
    X = {
        "item": chance.integers(0, 20, size),
        "city": chance.integers(0, 3, size),
        "price": chance.random(size),
        "hist": np.where(np.arange(4) < chance.integers(0, 5, size)[:, None], chance.integers(1, 20, (size, 4)), 0),
    }
    taste = (X["item"] % 5 - 2) + 2 * (X["city"] == 1) - 2 * X["price"]
    click = (chance.random(size) < 1 / (1 + np.exp(-2 * taste))).astype(int)
    return Rows(X, click, 100 + 10 * taste + chance.normal(size=size))


@pytest.fixture(scope="session")
def rows() -> Rows:
    return draw(1200)


@pytest.fixture(scope="session")
def fresh() -> Rows:
    return draw(600, seed=1)


@pytest.fixture(scope="session")
def columns():
    return [
        SparseFeat("item", 20, embedding_dim=8),
        SparseFeat("city", np.int64(3), embedding_dim=8),
        DenseFeat("price", 1),
        VarLenSparseFeat(SparseFeat("hist", 20, embedding_dim=8, embedding_name="item"), 4),
    ]


@pytest.fixture(scope="session")
def tasks():
    return {"num_tasks": 2, "task_types": ["binary", "regression"], "task_names": ["click", "minutes"]}


@pytest.fixture(scope="session")
def small():
    """A function that makes and compiles a small model."""

    def make(columns, tasks, **others):
        model = Shared_Bottom(columns, **tasks, bottom_dnn_units=[16], tower_dnn_units_lists=[[8], [8]], **others)
        adam = {"class_name": "Adam", "config": {"learning_rate": 0.01}}
        model.compile(adam, loss=["binary_crossentropy", "mean_squared_error"], metrics=["AUC", "mae"])
        return model

    return make


@pytest.fixture(scope="session")
def trained(columns, tasks, rows, small):
    """(model, history, what was printed): the last quarter of the rows was watched."""
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda line: lines.append(line))
        model = small(columns, tasks)
        history = model.fit(rows.X, rows.y, batch_size=64, epochs=20, verbose=2, validation_split=0.25)
    return model, history, lines


@pytest.fixture(scope="session")
def refused():
    """A function: a call is refused as a ValueError and an error of ours, with these words."""

    def check(call, *said):
        with pytest.raises(ValueError) as error:
            call()
        assert isinstance(error.value, RecmtlError)
        for text in said:
            assert text in str(error.value)

    return check
