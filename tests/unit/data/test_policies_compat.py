"""`random` as MLoRA and MAMDR count, and stratified as MLoRA does MovieLens: scikit-learn is the oracle."""

from collections import Counter
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError
from raw_rows import make_raw_rows
from sklearn.model_selection import train_test_split

from recmtl.data.layout import DOMAIN, Layout
from recmtl.data.policies import PARTS, RandomSplit
from recmtl.errors import ConfigError
from recmtl.schema import Task

CLICK = Task(name="click", kind="binary")
LAYOUT = Layout(tasks=(CLICK,), keys={"user": "person"})


def rows_of(labels: list[float | None], users: list[Any], domains: list[str]) -> pa.Table:
    size = range(1, len(labels) + 1)
    return pa.table({"row": [*size], "click": pa.array(labels, pa.float64()), "person": users, DOMAIN: domains})


def deal(policy: RandomSplit, rows: pa.Table, layout: Layout = LAYOUT) -> list[str]:
    with duckdb.connect(config={"threads": 1}) as connection:
        make_raw_rows(connection, rows, layout, policy.seed)
        found = dict(connection.execute(policy.query(layout)).fetchall())
    return [found[row] for row in rows["row"].to_pylist()]


def counts(parts: list[str]) -> tuple[int, ...]:
    return tuple(Counter(parts)[part] for part in PARTS)


def as_original(size: int, train: float, valid: float, test: float) -> tuple[int, int, int]:
    """Hold out, then halve what is held out; a single row of that tests."""
    kept, held_out = train_test_split(range(size), test_size=1.0 - train)
    if len(held_out) == 1:
        return len(kept), 0, 1
    valid_rows, test_rows = train_test_split(held_out, test_size=test / (valid + test))
    return len(kept), len(valid_rows), len(test_rows)


@pytest.mark.parametrize("shares", [(0.6, 0.2, 0.2), (0.7, 0.2, 0.1), (0.8, 0.1, 0.1)])
def test_compat_counts_as_the_originals_do(shares: tuple[float, float, float]) -> None:
    policy = RandomSplit(compat=True, shares=shares)
    for size in (*range(2, 13), 15, 35, 99, 100, 1001):
        expected = as_original(size, *shares)
        assert counts(deal(policy, rows_of([0.0] * size, ["u"] * size, ["d"] * size))) == expected, size
        positives = rows_of([1.0] * size, [f"u{i}" for i in range(size)], ["d"] * size)
        assert counts(deal(policy, positives)) == expected, size


@pytest.mark.parametrize(
    ("size", "expected"), [(1, (1, 0, 0)), (2, (1, 0, 1)), (3, (1, 1, 1)), (4, (2, 1, 1)), (5, (3, 1, 1))]
)
def test_a_few_negatives_of_a_user_are_rounded_away_from_train(size: int, expected: tuple[int, ...]) -> None:
    assert counts(deal(RandomSplit(compat=True), rows_of([0.0] * size, ["u"] * size, ["d"] * size))) == expected


def test_compat_cuts_positives_by_domain_and_the_others_by_user_and_domain() -> None:
    chance = np.random.default_rng(2)
    labels = chance.choice([1.0, 0.0, None], 600, p=[0.3, 0.6, 0.1]).tolist()
    users = [f"u{i}" for i in chance.integers(0, 40, 600)]
    domains = chance.choice(["a", "b"], 600).tolist()
    parts = deal(RandomSplit(compat=True, seed=4), rows_of(labels, users, domains))
    groups: dict[Any, list[str]] = {}
    for label, user, domain, part in zip(labels, users, domains, parts, strict=True):
        groups.setdefault((domain, "positive" if label == 1 else user), []).append(part)
    for group, found in groups.items():
        expected = (1, 0, 0) if len(found) == 1 else as_original(len(found), 0.6, 0.2, 0.2)
        assert counts(found) == expected, group


def test_all_rows_can_train_in_compat() -> None:
    rows = rows_of([0.0, 1.0] * 5, ["u"] * 10, ["d"] * 10)
    assert counts(deal(RandomSplit(compat=True, shares=(1.0, 0.0, 0.0)), rows)) == (10, 0, 0)


def test_stratify_keeps_the_shares_of_each_label_in_each_domain() -> None:
    chance = np.random.default_rng(3)
    labels = chance.choice([1.0, 0.0, None], 500, p=[0.1, 0.8, 0.1]).tolist()
    domains = chance.choice(["a", "b"], 500, p=[0.8, 0.2]).tolist()
    parts = deal(RandomSplit(stratify=True), rows_of(labels, ["u"] * 500, domains))
    for group in {*zip(labels, domains, strict=True)}:
        found = [part for part, *where in zip(parts, labels, domains, strict=True) if tuple(where) == group]
        for count, share in zip(counts(found), (0.6, 0.2, 0.2), strict=True):
            assert abs(count - share * len(found)) <= 1


def test_what_they_need_is_asked_for() -> None:
    bare, regression = Layout(tasks=(CLICK,)), Layout(tasks=(Task(name="spent", kind="regression"), CLICK))
    with pytest.raises(ConfigError, match=r"split.compat needs the key 'user'.*It has no keys"):
        RandomSplit(compat=True).query(bare)
    for policy in (RandomSplit(compat=True), RandomSplit(stratify=True)):
        with pytest.raises(ConfigError, match="needs a binary task, but 'spent' is a regression"):
            policy.query(regression)
    with pytest.raises(ValidationError, match="exclude each other"):
        RandomSplit(compat=True, stratify=True)
