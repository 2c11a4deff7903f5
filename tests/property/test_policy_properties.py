"""For any rows, policy and filters: no row is lost or doubled, nothing depends on threads or on the order of rows, and
where time decides, what comes later never falls to an earlier part.
"""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from raw_rows import make_raw_rows

from recmtl.data.filters import filter_rows
from recmtl.data.layout import DOMAIN, PART, Layout
from recmtl.data.negative_rate import dealing
from recmtl.data.policies import (
    PARTS,
    FilesSplit,
    GroupSplit,
    KCore,
    Leave,
    NegativeRate,
    RandomSplit,
    SplitConfig,
    TimeSplit,
    UserTimeSplit,
    WindowSplit,
)
from recmtl.errors import DataError
from recmtl.schema import Task

LAYOUT = Layout(
    tasks=(Task(name="click", kind="binary"),),
    keys={"user": "person", "item": "thing", "group": "person", "time": "when"},
    ready_made=True,
)
START = 1_600_000_000
HOUR = 3600

Row = dict[str, Any]


@st.composite
def row_lists(draw: st.DrawFn) -> list[Row]:
    """Times are all numbers, or all date-times; they lie so close that many are equal."""
    size = draw(st.integers(1, 50))
    hours = draw(st.lists(st.integers(0, draw(st.sampled_from([3, 30, 300]))), min_size=size, max_size=size))
    numbers = draw(st.booleans())
    return [
        {
            "row": row,
            DOMAIN: draw(st.sampled_from("ab")),
            "person": draw(st.sampled_from("uvw")),
            "thing": draw(st.sampled_from("ijkl")),
            "click": draw(st.sampled_from([0.0, 1.0, None])),
            "part": draw(st.sampled_from(["train", "test"])),
            "hour": hour,
            "when": str(START + HOUR * hour) if numbers else f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:00",
        }
        for row, hour in zip(draw(st.permutations(range(size))), hours, strict=True)
    ]


SHARES = st.sampled_from([(0.6, 0.2, 0.2), (0.5, 0.0, 0.5), (1.0, 0.0, 0.0), (0.1, 0.8, 0.1)])
LEAVES = st.builds(Leave, valid=st.integers(0, 2), test=st.integers(0, 2))
UNLUCKY = [HealthCheck.filter_too_much, HealthCheck.too_slow]
"""Filters that leave no row end an example; many in a row, or a slow machine, are no failure."""
USERS: list[st.SearchStrategy[SplitConfig]] = [
    st.builds(UserTimeSplit, leave=LEAVES),
    st.builds(UserTimeSplit, shares=SHARES),
]
CUTS: list[st.SearchStrategy[SplitConfig]] = [
    st.builds(TimeSplit, shares=SHARES, within=st.sampled_from(["domain", "all"])),
    st.builds(WindowSplit, train_days=st.integers(1, 5), test_days=st.integers(1, 3)),
]
POLICIES: list[st.SearchStrategy[SplitConfig]] = [
    st.builds(RandomSplit, shares=SHARES, stratify=st.booleans()),
    st.builds(RandomSplit, shares=SHARES, compat=st.just(True)),
    st.builds(GroupSplit, shares=SHARES, by=st.sampled_from(["group", "user"])),
    st.builds(FilesSplit, valid_share=st.sampled_from([0.1, 0.5])),
    *USERS,
    *CUTS,
]
CORES = st.builds(
    KCore, user=st.integers(1, 4), item=st.none() | st.integers(1, 4), task=st.sampled_from([None, "click"])
)


@st.composite
def policies(draw: st.DrawFn, kinds: list[st.SearchStrategy[SplitConfig]] = POLICIES) -> SplitConfig:
    bounds = {
        name: draw(st.none() | st.sampled_from(["2020-09-14", "2026-01-03T05:00"])) for name in ("since", "until")
    }
    filters = bounds | {
        "k_core": draw(st.none() | CORES),
        "negative_rate": draw(st.none() | st.just(NegativeRate(task="click", rate=0.5))),
        "seed": draw(st.integers(0, 9)),
    }
    return draw(st.one_of(kinds)).model_copy(update=filters)


def dealt(policy: SplitConfig, rows: list[Row], threads: int) -> tuple[list[tuple[int, str]], int]:
    """Row and part of each row that has one, in order; and how many were counted as left out before."""
    columns = [name for name in rows[0] if name != "hour"]
    kinds = {"row": pa.int64(), "click": pa.float64()}
    table = pa.table({name: pa.array([row[name] for row in rows], kinds.get(name, pa.string())) for name in columns})
    with duckdb.connect(config={"threads": threads}) as connection:
        make_raw_rows(connection, table, LAYOUT, policy.seed)
        policy, left_out = filter_rows(connection, LAYOUT, policy, "here", "")
        found = connection.execute(f'SELECT row, "{PART}" FROM ({dealing(policy, LAYOUT)})').fetchall()
    return sorted(found), sum(left_out.values())


def split(policy: SplitConfig, rows: list[Row]) -> tuple[dict[int, str], int]:
    """Checks on the way that no row is doubled."""
    try:
        found, left_out = dealt(policy, rows, 1)
    except DataError as error:
        if any(reason in error.message for reason in ("no row lies within", "none of")):
            reject()
        raise
    assert len(dict(found)) == len(found)
    assert {part for _, part in found} <= set(PARTS)
    return dict(found), left_out


@settings(max_examples=100, deadline=None, suppress_health_check=UNLUCKY)
@given(row_lists(), policies())
def test_every_row_has_one_part_or_is_counted_as_left_out(rows: list[Row], policy: SplitConfig) -> None:
    some, left_out = split(policy, rows)
    whole, same = split(policy.model_copy(update={"negative_rate": None}), rows)
    assert same == left_out
    assert len(whole) + left_out == len(rows)
    by_row = {row["row"]: row for row in rows}
    assert set(whole) <= set(by_row)
    assert some.items() <= whole.items()
    for row in set(whole) - set(some):
        assert whole[row] == "train"
        assert by_row[row]["click"] == 0
    if not (policy.since or policy.until or policy.k_core or isinstance(policy, WindowSplit)):
        assert left_out == 0


@settings(max_examples=50, deadline=None, suppress_health_check=UNLUCKY)
@given(row_lists(), policies(), st.randoms(use_true_random=False))
def test_neither_threads_nor_the_order_of_rows_matter(rows: list[Row], policy: SplitConfig, chance: Any) -> None:
    first, left_out = split(policy, rows)
    numbers = [row["row"] for row in rows]
    others = [{**row, "row": number} for row, number in zip(chance.sample(rows, len(rows)), numbers, strict=True)]
    found, same = dealt(policy, others, 2)
    assert same == left_out
    assert counted(rows, first) == counted(others, dict(found))


def counted(rows: list[Row], parts: dict[int, str]) -> Counter[tuple[Any, ...]]:
    """How many rows of each content have each part, or none."""
    return Counter((*(v for name, v in row.items() if name != "row"), parts.get(row["row"])) for row in rows)


def in_order(rows: list[Row], parts: dict[int, str], key: Callable[[Row], Any]) -> None:
    """The parts never go back while the key goes on."""
    ordered = sorted((row for row in rows if row["row"] in parts), key=key)
    for one, next_one in pairwise(PARTS.index(parts[row["row"]]) for row in ordered):
        assert one <= next_one


@settings(max_examples=50, deadline=None, suppress_health_check=UNLUCKY)
@given(row_lists(), policies(USERS))
def test_no_later_row_of_a_user_falls_to_an_earlier_part(rows: list[Row], policy: SplitConfig) -> None:
    parts, _ = split(policy, rows)
    for user in "uvw":
        mine = [row for row in rows if row["person"] == user]
        in_order(mine, parts, lambda row: (row["hour"], PARTS.index(parts[row["row"]])))


@settings(max_examples=50, deadline=None, suppress_health_check=UNLUCKY)
@given(row_lists(), policies(CUTS))
def test_no_training_row_is_as_late_as_a_test_row(rows: list[Row], policy: SplitConfig) -> None:
    parts, _ = split(policy, rows)
    alone = isinstance(policy, TimeSplit) and policy.within == "domain"
    for inside in [[row for row in rows if row[DOMAIN] == domain] for domain in "ab"] if alone else [rows]:
        in_order(inside, parts, lambda row: row["hour"])
        where = {(row["hour"], parts[row["row"]]) for row in inside if parts.get(row["row"]) is not None}
        assert len({hour for hour, _ in where}) == len(where)  # rows of one time have one part
