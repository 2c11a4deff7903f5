"""Policies by time: order is that of moments and never of texts; the future never trains."""

from collections import Counter
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pydantic import ValidationError
from raw_rows import make_raw_rows

from recmtl.data.layout import DOMAIN, Layout
from recmtl.data.policies import Leave, SplitConfig, TimeSplit, UserTimeSplit, WindowSplit
from recmtl.errors import ConfigError
from recmtl.schema import Task

CLICK = Task(name="click", kind="binary")
LAYOUT = Layout(tasks=(CLICK,), keys={"user": "person", "time": "when"})
DAY = 86_400


def rows_of(times: list[Any], users: list[str] | None = None, domains: list[str] | None = None) -> pa.Table:
    size = len(times)
    return pa.table(
        {
            "row": np.arange(1, size + 1),
            DOMAIN: domains or ["d"] * size,
            "person": users or ["u"] * size,
            "when": pa.array([str(time) for time in times], pa.string()),
        }
    )


def deal(policy: SplitConfig, rows: pa.Table) -> dict[int, str]:
    with duckdb.connect(config={"threads": 1}) as connection:
        make_raw_rows(connection, rows, LAYOUT, policy.seed)
        found = connection.execute(policy.query(LAYOUT)).fetchall()
    assert len(dict(found)) == len(found)
    return dict(found)


def parts(policy: SplitConfig, rows: pa.Table) -> str:
    """One letter a row, in the order of rows; . is left out."""
    found = deal(policy, rows)
    return "".join(
        {"train": "T", "valid": "v", "test": "x", None: "."}[found.get(row)] for row in rows["row"].to_pylist()
    )


# time


@pytest.mark.parametrize(
    "times",
    [
        [9, 10, 11, 99, 100, 101, 1000, 1001, 9999, 10000],  # as texts, 10 comes before 9
        [-2, -1, 0, 0.5, 0.75, 1, 2, 3, 4, "5e1"],
        [1_606_000_000_000_000_000 + i for i in range(10)],  # a double holds no nanoseconds
        [f"2026-{month}-1" for month in range(1, 11)],
        [f"2026-11-20 {hour}:00" for hour in range(5, 15)],
        ["2026-11-20T00:00:00.000001", *[f"2026-11-20T00:00:00.0{i:02}" for i in range(1, 10)]],
        # the later on the clock, the earlier in truth
        [f"2026-11-20T{12 + i:02}:00:00+{2 * i:02}:00" for i in range(9, -1, -1)],
    ],
)
def test_time_puts_moments_in_order_whatever_their_texts(times: list[Any]) -> None:
    order = np.random.default_rng(1).permutation(10)
    rows = rows_of([times[i] for i in order])
    found = parts(TimeSplit(), rows)
    assert [found[list(order).index(i)] for i in range(10)] == list("TTTTTTvvxx")


def test_time_cuts_each_domain_or_all_rows() -> None:
    rows = rows_of([*range(10), *range(100, 110)], domains=["a"] * 10 + ["b"] * 10)
    assert parts(TimeSplit(), rows) == "TTTTTTvvxx" * 2
    assert parts(TimeSplit(within="all"), rows) == "T" * 12 + "v" * 4 + "x" * 4


def test_rows_of_one_time_go_where_their_middle_lies() -> None:
    # 0.6 of 10 is within the five rows of time 2: their middle is at 0.55, and that trains
    assert parts(TimeSplit(), rows_of([0, 1, 1, 2, 2, 2, 2, 2, 3, 4])) == "TTTTTTTTxx"
    # a block in the middle of 0.65: validation
    assert parts(TimeSplit(), rows_of([0, 1, 1, 1, 2, 2, 2, 2, 2, 4])) == "TTTTvvvvvx"
    assert parts(TimeSplit(), rows_of([5] * 7)) == "TTTTTTT"
    # what is one time in two ways of writing it
    assert parts(TimeSplit(shares=(0.5, 0.25, 0.25)), rows_of(["7", "7.0", " 7", "07"])) == "vvvv"


def test_time_misses_no_share_by_more_than_half_of_the_rows_of_a_time() -> None:
    chance = np.random.default_rng(3)
    for _ in range(20):
        times = chance.integers(0, 40, 200)
        longest = max(Counter(times.tolist()).values())
        count = Counter(deal(TimeSplit(), rows_of(times.tolist())).values())
        assert abs(count["train"] - 120) <= longest / 2
        assert abs(count["train"] + count["valid"] - 160) <= longest / 2


# user_time


def test_the_last_rows_of_each_user_are_held_out() -> None:
    rows = rows_of([3, 1, 2, 10, 9, 5, 1, 2, 7], users=list("aaaabbccd"))
    assert parts(UserTimeSplit(), rows) == "vTTxTTTTT"
    assert parts(UserTimeSplit(leave=Leave(valid=0, test=1)), rows) == "TTTxxTTxT"
    assert parts(UserTimeSplit(leave=Leave(valid=2, test=1)), rows) == "vTvxTTTTT"


def test_equal_times_of_a_user_are_told_apart_by_chance() -> None:
    found = [parts(UserTimeSplit(seed=seed), rows_of([1] * 5)) for seed in range(30)]
    assert {"".join(sorted(one)) for one in found} == {"TTTvx"}
    assert {one.index("x") for one in found} == {*range(5)}


def test_shares_of_a_user_are_rounded_down() -> None:
    for size, expected in ((1, "T"), (4, "TTTT"), (5, "TTTvx"), (9, "TTTTTTTvx"), (10, "TTTTTTvvxx")):
        assert parts(UserTimeSplit(shares=(0.6, 0.2, 0.2)), rows_of([*range(size)])) == expected
    hundred = deal(UserTimeSplit(shares=(0.42, 0.29, 0.29)), rows_of([*range(100)]))
    assert Counter(hundred.values()) == {"train": 42, "valid": 29, "test": 29}


def test_user_time_agrees_with_pandas() -> None:
    chance = np.random.default_rng(5)
    times, users = chance.permutation(400), [f"u{i}" for i in chance.integers(0, 60, 400)]
    frame = pd.DataFrame({"time": times, "user": users}).sort_values("time", ascending=False)
    back = frame.groupby("user").cumcount()
    size = frame.groupby("user").time.transform("size")
    expected = np.where((size <= 3) | (back >= 3), "train", np.where(back >= 2, "valid", "test"))
    found = deal(UserTimeSplit(leave=Leave(valid=1, test=2)), rows_of(times.tolist(), users))
    assert found == dict(zip((frame.index + 1).tolist(), expected.tolist(), strict=True))


def test_leave_and_shares_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="exclude"):
        UserTimeSplit(leave=Leave(), shares=(0.6, 0.2, 0.2))
    with pytest.raises(ValidationError, match="must sum to 1"):
        UserTimeSplit(shares=(0.6, 0.2, 0.1))


# window


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000, 1_000_000_000])
def test_the_window_counts_whole_days_back_from_its_end(unit: int) -> None:
    first = 18_000  # days since 1970: numbers of seconds, milliseconds and so on are told apart
    times = [int((first + day) * DAY * unit) for day in (0, 0.99, 1, 2.5, 3, 3.99, 4, 4.5, 5)]
    policy = WindowSplit(train_days=2, valid_days=1, test_days=1)
    assert parts(policy, rows_of(times)) == "...TTTvvx"
    assert parts(policy.model_copy(update={"until": "2019-04-19"}), rows_of(times)) == "..TTvvxx."
    assert parts(policy.model_copy(update={"until": times[2]}), rows_of(times)) == "xx......."


def test_the_window_counts_dates_too() -> None:
    times = [f"2026-11-{day:02}T23:59:59" for day in range(10, 20)]
    assert parts(WindowSplit(train_days=3, valid_days=2, test_days=1), rows_of(times)) == "....TTTvvx"
    until = WindowSplit(train_days=3, valid_days=2, test_days=1, until="2026-11-19T23:59:59")
    assert parts(until, rows_of(times)) == "...TTTvvx."


def test_fourteen_digits_are_a_date_and_time_and_no_milliseconds() -> None:
    times = [f"201812{day:02}235959" for day in range(10, 20)]
    assert parts(WindowSplit(train_days=3, valid_days=2, test_days=1), rows_of(times)) == "....TTTvvx"
    for until in ("2018-12-19T23:59:59", 20181219235959, "20181219235959"):
        policy = WindowSplit(train_days=3, valid_days=2, test_days=1, until=until)
        assert parts(policy, rows_of(times)) == "...TTTvvx."
    # such a day does not exist: a number, as all of them are here
    assert parts(TimeSplit(), rows_of([20181399000000 + i for i in range(10)])) == "TTTTTTvvxx"


def test_times_before_1970_have_days_as_well() -> None:
    times = [f"1969-12-{day}T12:00" for day in (28, 29, 30, 31)]
    assert parts(WindowSplit(train_days=1), rows_of(times)) == ".Tvx"


# what cannot be


@pytest.mark.parametrize("policy", [TimeSplit(), UserTimeSplit(), WindowSplit()], ids=lambda policy: policy.name)
def test_a_data_set_without_times_is_refused(policy: SplitConfig) -> None:
    with pytest.raises(ConfigError, match=f"split.name '{policy.name}' needs the key 'time'.*It has: user"):
        policy.query(Layout(tasks=(CLICK,), keys={"user": "person"}))


def test_a_data_set_without_users_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"split.name 'user_time' needs the key 'user'"):
        UserTimeSplit().query(Layout(tasks=(CLICK,), keys={"time": "when"}))


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "20:15", "nan", "inf", "", "1e40", True, float("inf")])
def test_a_bound_that_is_no_time_is_refused(moment: Any) -> None:
    with pytest.raises(ValidationError):
        TimeSplit(since=moment)
