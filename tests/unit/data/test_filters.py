"""What is left out of a split: by time, by the k-core, by the rate of negatives; and times that are none."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pydantic import ValidationError

from recmtl.data.layout import Layout
from recmtl.data.loader import load_columns
from recmtl.data.policies import (
    PARTS,
    FilesSplit,
    KCore,
    NegativeRate,
    RandomSplit,
    SplitConfig,
    TimeSplit,
    UserTimeSplit,
    WindowSplit,
)
from recmtl.data.split import build_split
from recmtl.errors import ConfigError, DataError
from recmtl.schema import Schema, Task
from recmtl.testing.table_dataset import TableDataset

TASKS = (Task(name="click", kind="binary"), Task(name="spent", kind="regression"))
LAYOUT = Layout(tasks=TASKS, categorical=("city",), keys={"user": "person", "item": "thing", "time": "when"})
SIZE = 60


def rows_with(size: int = SIZE, **columns: Any) -> pa.Table:
    given = {
        "row": np.arange(1, size + 1),
        "city": [f"c{i % 5}" for i in range(size)],
        "person": [f"u{i % 7}" for i in range(size)],
        "thing": [f"i{i % 11}" for i in range(size)],
        "when": [str(1_600_000_000 + 86_400 * i) for i in range(size)],
        "click": np.arange(size) % 2 * 1.0,
        "spent": np.arange(size) * 1.0,
    }
    return pa.table(given | columns)


class Told:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def begin(self, what: str, size: int, /) -> None:
        pass

    def advance(self, size: int, /) -> None:
        pass

    def say(self, text: str, /) -> None:
        self.lines.append(text)


def split(out: Path, rows: pa.Table, policy: SplitConfig, layout: Layout = LAYOUT, told: Told | None = None) -> Schema:
    out.mkdir(exist_ok=True)
    return build_split(TableDataset(name="made_up", rows=rows, columns=layout), policy, out, out, told or Told())


def parts_of(out: Path, schema: Schema) -> dict[int, str]:
    return {row: part for part in PARTS for row in load_columns(out, schema, part, ["row"])["row"].to_pylist()}


def kept(out: Path, rows: pa.Table, policy: SplitConfig, layout: Layout = LAYOUT) -> list[int]:
    return sorted(parts_of(out, split(out, rows, policy, layout)))


def left_out(out: Path) -> dict[str, int]:
    return dict(json.loads((out / "profile.json").read_text())["left_out"])


# since and until


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (1_600_000_000 + 86_400 * 9, None, range(10, 61)),
        (None, str(1_600_000_000 + 86_400 * 40), range(1, 41)),
        (1_600_000_000 + 86_400 * 8.5, 1_600_000_000 + 86_400 * 39 + 1, range(10, 41)),
        ("2020-09-14", "2020-10-14", range(2, 32)),  # 1,600,000,000 is 2020-09-13 12:26:40
        ("2020-09-13T12:26:40", "2020-10-14T14:26:40+02:00", range(1, 32)),
        ("2020-09-13T12:26:41", None, range(2, 61)),
    ],
)
def test_rows_outside_of_the_span_are_left_out(tmp_path: Path, since: Any, until: Any, expected: range) -> None:
    assert kept(tmp_path, rows_with(), RandomSplit(since=since, until=until)) == [*expected]
    assert left_out(tmp_path) == {"time": SIZE - len(expected)}


def test_the_span_of_dates_of_digits_and_of_milliseconds(tmp_path: Path) -> None:
    dates = [f"2026-{1 + i // 20:02}-{1 + i % 20:02}" for i in range(SIZE)]
    policy = TimeSplit(since="2026-01-11", until="2026-03-01")
    assert kept(tmp_path / "dates", rows_with(when=dates), policy) == [*range(11, 41)]
    digits = [f"2026{1 + i // 20:02}{1 + i % 20:02}063000" for i in range(SIZE)]
    assert kept(tmp_path / "digits", rows_with(when=digits), policy) == [*range(11, 41)]
    thousandths = [str(1_600_000_000_000 + 86_400_000 * i) for i in range(SIZE)]
    assert kept(tmp_path / "ms", rows_with(when=thousandths), RandomSplit(until="2020-10-14")) == [*range(1, 32)]


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    told = Told()
    split(tmp_path, rows_with(), WindowSplit(train_days=20, valid_days=5, test_days=5, since="2020-09-20"), told=told)
    assert "7 rows are left out by split.since and split.until" in told.lines
    assert "23 rows are left out by the days of the window" in told.lines
    assert "dealing 30 rows to parts and domains" in told.lines
    assert left_out(tmp_path) == {"time": 7, "window": 23}


def test_the_span_needs_times_and_of_its_own_kind(tmp_path: Path) -> None:
    def refused(policy: SplitConfig, layout: Layout = LAYOUT, **columns: Any) -> str:
        with pytest.raises(ConfigError) as caught:
            split(tmp_path, rows_with(**columns), policy, layout)
        return str(caught.value)

    timeless = Layout(tasks=TASKS, categorical=("city",), keys={"user": "person"})
    assert refused(RandomSplit(since=5), timeless) == (
        "split.since needs the key 'time', which the data set does not have. It has: user."
    )
    assert "split.until is the number 5" in refused(RandomSplit(until=5), when=["2026-11-20"] * SIZE)
    days = [str(1100 + i) for i in range(SIZE)]
    for policy in (RandomSplit(since="2026-11-20"), WindowSplit()):
        assert "the times go up to 1159 only: no number of seconds since 1970" in refused(policy, when=days)
    assert kept(tmp_path, rows_with(when=days), RandomSplit(since=1110)) == [*range(11, 61)]


def test_a_span_without_rows_says_where_the_rows_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no row lies within split.since 1999999999. The times run from 1600000000 to"):
        split(tmp_path, rows_with(), RandomSplit(since=1_999_999_999))


# times and users that are none


def at(row: int, value: Any, others: list[str]) -> list[Any]:
    return [value if i + 1 == row else other for i, other in enumerate(others)]


@pytest.mark.parametrize(
    "policy",
    [TimeSplit(), UserTimeSplit(), WindowSplit(), RandomSplit(since=0), FilesSplit(until=2e9)],
    ids=lambda policy: policy.name,
)
def test_a_time_that_is_none_is_refused_with_its_row(tmp_path: Path, policy: SplitConfig) -> None:
    layout = Layout(tasks=TASKS, categorical=("city",), keys=LAYOUT.keys, ready_made=True)
    good = rows_with(part=["train", "test"] * 30)
    times = good["when"].to_pylist()

    def refused(value: Any) -> str:
        rows = good.set_column(good.column_names.index("when"), "when", pa.array(at(17, value, times), pa.string()))
        with pytest.raises(DataError) as caught:
            split(tmp_path, rows, policy, layout)
        return caught.value.message.removeprefix(f"{tmp_path}, ")

    for text in ("soon", "2026-02-30", "12:30", "nan", "infinity", ""):
        assert refused(text) == f"row 17: the time 'when' is '{text}', neither a number nor a date like 2026-11-20."
    assert refused(None) == "row 17: the time 'when' is missing."
    assert refused("2026-11-20") == (
        "row 17: the time 'when' is the date '2026-11-20', but that of row 1 is the number '1600000000'."
    )


@pytest.mark.parametrize("policy", [UserTimeSplit(), RandomSplit(compat=True)], ids=lambda policy: policy.name)
def test_a_row_without_user_is_refused(tmp_path: Path, policy: SplitConfig) -> None:
    users = at(23, None, rows_with()["person"].to_pylist())
    with pytest.raises(DataError, match="row 23: the user 'person' is missing, and the split needs it"):
        split(tmp_path, rows_with(person=pa.array(users, pa.string())), policy)


# the k-core


def core(frame: pd.DataFrame, least: dict[str, int]) -> list[int]:
    """One rule after the other, in pandas, until nothing goes."""
    while True:
        size = len(frame)
        for column, rows in least.items():
            seen = frame[frame.counted].groupby(column).size()
            frame = frame[frame[column].map(seen).fillna(0) >= rows]
        if len(frame) == size:
            return sorted(frame.row.tolist())


@pytest.mark.parametrize("task", [None, "click"])
@pytest.mark.parametrize("least", [{"user": 4}, {"item": 5}, {"user": 4, "item": 3}, {"user": 5, "item": 5}])
def test_the_core_is_the_one_that_pandas_finds(tmp_path: Path, least: dict[str, int], task: str | None) -> None:
    chance = np.random.default_rng(8)
    users, things = chance.zipf(1.3, 800) % 97, chance.zipf(1.3, 800) % 89
    clicks = chance.choice([0.0, 1.0], 800)
    rows = rows_with(800, person=[f"u{i}" for i in users], thing=[f"i{i}" for i in things], click=clicks)
    frame = pd.DataFrame({"row": np.arange(1, 801), "user": users, "item": things, "counted": True})
    frame = frame.assign(counted=clicks == 1) if task else frame
    expected = core(frame, least)
    assert 100 < len(expected) < 800
    assert kept(tmp_path, rows, RandomSplit(k_core=KCore(**least, task=task))) == expected
    assert left_out(tmp_path) == {"k_core": 800 - len(expected)}


def test_a_rare_row_takes_others_along(tmp_path: Path) -> None:
    # a chain: item 0 is seen once, so user 0 keeps one row, so item 1 keeps one, ...; the square at the end stays
    users = [0, 0, 1, 1, 2, 2, *[8, 8, 9, 9] * 10]
    things = [0, 1, 1, 2, 2, 3, *[8, 9, 8, 9] * 10]
    rows = rows_with(46, person=[f"u{i}" for i in users], thing=[f"i{i}" for i in things])
    assert kept(tmp_path, rows, RandomSplit(k_core=KCore(user=2, item=2))) == [*range(7, 47)]


def test_a_row_without_the_key_is_not_in_the_core(tmp_path: Path) -> None:
    users = at(9, None, rows_with()["person"].to_pylist())
    rows = rows_with(person=pa.array(users, pa.string()))
    assert kept(tmp_path, rows, RandomSplit(k_core=KCore(user=2))) == [row for row in range(1, 61) if row != 9]


def test_the_core_counts_within_the_span_and_the_window(tmp_path: Path) -> None:
    # u1 has its rows in the first half
    users = ["u1" if i < 30 and i % 3 else "u2" for i in range(SIZE)]
    policy = RandomSplit(k_core=KCore(user=5), until=1_600_000_000 + 86_400 * 6)
    assert kept(tmp_path, rows_with(person=users), policy.model_copy(update={"k_core": None})) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(DataError, match=r"split.k_core asks for 5 of each user, and none of 6 rows is left"):
        split(tmp_path / "core", rows_with(person=users), policy)


def test_the_window_stays_where_the_data_ends_even_if_its_last_rows_go(tmp_path: Path) -> None:
    users = at(SIZE, "once", ["often"] * SIZE)
    times = [str(1_600_000_000 + 86_400 * (i // 2)) for i in range(SIZE)]
    rows = rows_with(person=users, when=times)
    found = parts_of(tmp_path, split(tmp_path, rows, WindowSplit(train_days=5, k_core=KCore(user=2))))
    assert Counter(found.values()) == {"train": 10, "valid": 2, "test": 1}
    assert found[59] == "test"


@pytest.mark.parametrize("asked", [{}, {"user": 0}, {"user": 2.5}, {"task": "click"}])
def test_a_core_of_nothing_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        KCore(**asked)


def test_a_core_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    bare = Layout(tasks=TASKS, categorical=("city",), keys={"user": "person"})
    with pytest.raises(ConfigError, match=r"split.k_core.item needs the key 'item'"):
        split(tmp_path, rows_with(), RandomSplit(k_core=KCore(item=2)), bare)
    with pytest.raises(ConfigError, match=r"split.k_core.task: there is no task 'clack'.*click"):
        split(tmp_path, rows_with(), RandomSplit(k_core=KCore(user=2, task="clack")))
    with pytest.raises(ConfigError, match=r"split.k_core.task needs a binary task, but 'spent' is a regression"):
        split(tmp_path, rows_with(), RandomSplit(k_core=KCore(user=2, task="spent")))


# negatives


def test_only_training_negatives_are_sampled_and_the_schema_knows(tmp_path: Path) -> None:
    size = 4000
    clicks = pa.array([None if i % 10 == 0 else float(i % 4 == 0) for i in range(size)], pa.float64())
    rows = rows_with(size, click=clicks)
    whole = parts_of(tmp_path / "whole", split(tmp_path / "whole", rows, RandomSplit()))
    policy = RandomSplit(negative_rate=NegativeRate(task="click", rate=0.25))
    schema = split(tmp_path / "some", rows, policy)
    some = parts_of(tmp_path / "some", schema)
    assert schema.negative_rates == {"click": 0.25}
    assert all(whole[row] == part for row, part in some.items())
    gone = [row for row in whole if row not in some]
    labels = clicks.to_pylist()
    assert {(whole[row], labels[row - 1]) for row in gone} == {("train", 0.0)}
    negatives = sum(part == "train" and labels[row - 1] == 0 for row, part in whole.items())
    assert abs(len(gone) / negatives - 0.75) < 4 * (0.75 * 0.25 / negatives) ** 0.5  # four standard deviations
    assert left_out(tmp_path / "some") == {"negative_rate": len(gone)}


def test_the_formula_gives_the_true_rate_back() -> None:
    positives, negatives, rate = 30, 970, 0.1
    p = positives / (positives + negatives * rate)
    assert p * rate / (p * rate + 1 - p) == pytest.approx(positives / (positives + negatives))


def test_a_rate_of_a_task_that_has_no_negatives_is_refused(tmp_path: Path) -> None:
    for task in ("clack", "spent"):
        with pytest.raises(ConfigError, match=r"split.negative_rate"):
            split(tmp_path, rows_with(), RandomSplit(negative_rate=NegativeRate(task=task, rate=0.5)))
    for rate in (0.0, 1.0, -1.0):
        with pytest.raises(ValidationError):
            NegativeRate(task="click", rate=rate)


# files


def test_validation_rows_of_the_data_set_stay_what_they_are(tmp_path: Path) -> None:
    layout = Layout(
        tasks=TASKS, categorical=("city",), keys=LAYOUT.keys, ready_made=True, ready_made_valid=True, domain="home"
    )
    given = ["train", "valid", "train", "test"] * 15
    rows = rows_with(part=given, home=["a", "b", "c"] * 20, click=[0.0, 1.0, 1.0] * 20)
    found = parts_of(tmp_path, split(tmp_path, rows, FilesSplit(valid_share=0.5), layout))
    assert [found[row] for row in range(1, 61)] == given
