"""How rows are dealt: the shares asked for, to the row; the same seed the same parts whatever else changes."""

import hashlib
from collections import Counter
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError
from raw_rows import make_raw_rows

from recmtl.data.layout import DOMAIN, Layout
from recmtl.data.policies import PARTS, FilesSplit, GroupSplit, RandomSplit, SplitConfig
from recmtl.errors import ConfigError
from recmtl.schema import Task

LAYOUT = Layout(
    tasks=(Task(name="click", kind="binary"),), keys={"group": "session", "user": "person"}, ready_made=True
)
BARE = Layout(tasks=(Task(name="click", kind="binary"),))


def rows_of(sizes: dict[str, int], **columns: Any) -> pa.Table:
    domains = [domain for domain, size in sizes.items() for _ in range(size)]
    table = {"row": np.arange(1, len(domains) + 1), DOMAIN: pa.array(domains, pa.string())}
    return pa.table(table | columns)


def deal(policy: SplitConfig, rows: pa.Table, layout: Layout = LAYOUT, threads: int = 1) -> dict[int, str]:
    """Row -> part."""
    with duckdb.connect(config={"threads": threads}) as connection:
        make_raw_rows(connection, rows, layout, policy.seed)
        dealt = connection.execute(policy.query(layout)).fetchall()
    assert sorted(row for row, _ in dealt) == sorted(rows["row"].to_pylist())  # every row exactly once
    return dict(dealt)


def sessions(count: int, seed: int) -> pa.Table:
    """Sessions of 1 to 30 rows, one after another, in two domains; every seventh row has no session."""
    chance = np.random.default_rng(seed)
    lengths = chance.integers(1, 31, count)
    names = [f"s{i}" for i, length in enumerate(lengths) for _ in range(length)]
    names = [None if i % 7 == 0 else name for i, name in enumerate(names)]
    domains = np.where(chance.random(len(names)) < 0.3, "a", "b")
    return pa.table({"row": np.arange(1, len(names) + 1), DOMAIN: domains, "session": names, "person": names})


def with_files(sizes: dict[str, int], every: int) -> pa.Table:
    rows = rows_of(sizes)
    return rows.append_column("part", pa.array(["test" if row % every == 0 else "train" for row in range(len(rows))]))


POLICIES: list[tuple[SplitConfig, pa.Table]] = [
    (RandomSplit(seed=3), rows_of({"a": 5000, "b": 700, "c": 1})),
    (GroupSplit(seed=3), sessions(400, 5)),
    (FilesSplit(seed=3, valid_share=0.2), with_files({"a": 3000, "b": 500}, 3)),
]
EACH = pytest.mark.parametrize(("policy", "rows"), POLICIES, ids=[policy.name for policy, _ in POLICIES])


# what every policy keeps


@EACH
def test_neither_the_order_of_rows_nor_threads_change_a_part(policy: SplitConfig, rows: pa.Table) -> None:
    parts = deal(policy, rows)
    order = np.random.default_rng(1).permutation(len(rows))
    for threads in (1, 4):
        assert deal(policy, rows.take(order), threads=threads) == parts
        assert deal(policy, rows.take(order[::-1]), threads=threads) == parts


@EACH
def test_another_seed_gives_other_parts_of_the_same_sizes(policy: SplitConfig, rows: pa.Table) -> None:
    parts, other = deal(policy, rows), deal(policy.model_copy(update={"seed": 4}), rows)
    moved = sum(parts[row] != other[row] for row in parts)
    assert moved > len(parts) / 10
    longest = 30
    for part, count in Counter(parts.values()).items():
        assert abs(count - Counter(other.values())[part]) <= 2 * longest


def bits(text: str) -> int:
    """The first 64 bits of MD5: the same on any machine, in any version of anything."""
    return int(hashlib.md5(text.encode()).hexdigest()[:16], 16)


def test_the_parts_of_a_seed_never_change() -> None:
    shares = (0.5, 0.25, 0.25)
    keys = {"person": list("uuuuvvvvwwww"), "thing": list("abcdabcdabcd"), "when": [*"12345678901", None]}
    layout = Layout(tasks=BARE.tasks, keys={"user": "person", "item": "thing", "time": "when"})
    chance = [0] * 12
    for column, texts in keys.items():
        for i, text in enumerate(texts):
            chance[i] ^= 0 if text is None else bits(f"{column}:{text}")
    parts = deal(RandomSplit(seed=7, shares=shares), rows_of({"a": 8, "b": 4}, **keys), layout)
    for domain, half in ((range(1, 9), 4), (range(9, 13), 2)):
        order = sorted(domain, key=lambda row: bits(f"7:{chance[row - 1]}"))
        assert [parts[row] for row in order] == ["train"] * half + ["valid"] * (half // 2) + ["test"] * (half // 2)


def test_the_parts_of_groups_never_change() -> None:
    parts = deal(
        GroupSplit(seed=7, shares=(0.5, 0.25, 0.25)), rows_of({"a": 11}, session=[f"s{i // 2}" for i in range(11)])
    )
    size = 0
    for key in sorted((f"s{i}" for i in range(6)), key=lambda key: bits(f"7:group:{key}")):
        length = 1 if key == "s5" else 2
        middle, size = (size + length / 2) / 11, size + length
        expected = "train" if middle < 0.5 else "valid" if middle < 0.75 else "test"
        assert {parts[row] for row in range(1, 12) if (row - 1) // 2 == int(key[1])} == {expected}


# random


@pytest.mark.parametrize(
    "shares", [(0.6, 0.2, 0.2), (0.7, 0.2, 0.1), (0.34, 0.33, 0.33), (1.0, 0.0, 0.0), (0.1, 0.0, 0.9)]
)
def test_random_keeps_the_shares_in_each_domain_to_the_row(shares: tuple[float, float, float]) -> None:
    sizes = {"big": 1000, "odd": 777, "small": 10, "few": 3, "one": 1}
    rows = rows_of(sizes)
    parts = deal(RandomSplit(shares=shares), rows)
    for domain, size in sizes.items():
        count = Counter(
            parts[row]
            for row, where in zip(rows["row"].to_pylist(), rows[DOMAIN].to_pylist(), strict=True)
            if where == domain
        )
        for part, share in zip(PARTS, shares, strict=True):
            assert abs(count[part] - size * share) <= 1, (domain, part)
        assert sum(count.values()) == size


def test_random_is_random() -> None:
    parts = deal(RandomSplit(), rows_of({"a": 10_000}))
    halves = [sum(part == "test" for row, part in parts.items() if (row <= 5000) is first) for first in (True, False)]
    assert sum(halves) == 2000
    assert abs(halves[0] - 1000) < 100  # five standard deviations


# group


@pytest.mark.parametrize("by", ["group", "user"])
@pytest.mark.parametrize("shares", [(0.6, 0.2, 0.2), (0.9, 0.05, 0.05)])
def test_no_group_is_torn_and_the_shares_are_kept_within_a_group(by: Any, shares: tuple[float, float, float]) -> None:
    rows = sessions(300, 1)
    parts = deal(GroupSplit(by=by, shares=shares, seed=11), rows)
    part_of: dict[str, set[str]] = {}
    for row, name in zip(rows["row"].to_pylist(), rows["session"].to_pylist(), strict=True):
        if name is not None:
            part_of.setdefault(name, set()).add(parts[row])
    assert all(len(found) == 1 for found in part_of.values())
    longest = max(Counter(name for name in rows["session"].to_pylist() if name).values())
    count = Counter(parts.values())
    for part, share in zip(PARTS, shares, strict=True):
        assert abs(count[part] - len(rows) * share) <= longest, part


def test_rows_without_a_group_stand_alone() -> None:
    rows = rows_of({"a": 1000}, session=pa.array([None] * 1000, pa.string()))
    count = Counter(deal(GroupSplit(), rows).values())
    assert count == {"train": 600, "valid": 200, "test": 200}


def test_a_group_called_like_a_row_is_not_that_row() -> None:
    names = pa.array([None, "1", "r1", "k1", "1", "r1", "k1"] + [None] * 20, pa.string())
    for seed in range(20):
        parts = deal(GroupSplit(seed=seed, shares=(0.4, 0.3, 0.3)), rows_of({"a": 27}, session=names))
        assert (parts[2], parts[3], parts[4]) == (parts[5], parts[6], parts[7])


def test_a_group_in_several_domains_stays_together() -> None:
    rows = rows_of({"a": 50, "b": 50}, session=[f"s{i % 10}" for i in range(100)])
    parts = deal(GroupSplit(), rows)
    assert all(parts[row] == parts[(row - 1) % 10 + 1] for row in parts)


def test_numbers_can_be_group_keys() -> None:
    rows = rows_of({"a": 40}, session=np.arange(40) // 4)
    parts = deal(GroupSplit(), rows)
    assert all(parts[row] == parts[(row - 1) // 4 * 4 + 1] for row in parts)


# files


def test_files_keeps_the_test_rows_and_takes_validation_from_training_rows() -> None:
    rows = with_files({"a": 3000, "b": 300}, 3)
    parts = deal(FilesSplit(valid_share=0.1), rows)
    given = dict(zip(rows["row"].to_pylist(), rows["part"].to_pylist(), strict=True))
    assert all((parts[row] == "test") == (given[row] == "test") for row in parts)
    for domain, training in (("a", 2000), ("b", 200)):
        inside = [
            row for row, where in zip(rows["row"].to_pylist(), rows[DOMAIN].to_pylist(), strict=True) if where == domain
        ]
        assert sum(parts[row] == "valid" for row in inside) == training / 10


# what cannot be


@pytest.mark.parametrize("shares", [(0.6, 0.2, 0.1), (0.6, 0.3, 0.2), (0.0, 0.5, 0.5), (1.2, -0.1, -0.1), (0.5, 0.5)])
def test_shares_that_are_none_are_refused(shares: Any) -> None:
    for kind in (RandomSplit, GroupSplit):
        with pytest.raises(ValidationError):
            kind(shares=shares)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_validation_share_of_nothing_or_all_is_refused(share: float) -> None:
    with pytest.raises(ValidationError):
        FilesSplit(valid_share=share)


def test_a_policy_that_does_not_fit_the_data_set_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"split.by is 'group', but the data set has no such key. It has none"):
        GroupSplit().query(BARE)
    with pytest.raises(ConfigError, match=r"split.by is 'user'.*It has: group"):
        GroupSplit(by="user").query(Layout(tasks=BARE.tasks, keys={"group": "session"}))
    with pytest.raises(ConfigError, match=r"split.name is 'files'.*Use 'random' or 'group'"):
        FilesSplit().query(BARE)
