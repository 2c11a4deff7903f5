"""Folders outside the span of a split are not read, and the split is the same as if they had been."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from recmtl.artifacts.tables import read_table
from recmtl.config import choose
from recmtl.data.datasets.table import TableConfig
from recmtl.data.files_in_span import dates
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import ConfigError, DataError, RecmtlError
from recmtl.recipe import Recipe

EAST, WEST = timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8))
DAYS = pd.date_range("2026-11-11", periods=10).strftime("%Y-%m-%d").tolist()
SPLITS = [
    {"name": "time", "since": "2026-11-14"},
    {"name": "time", "until": "2026-11-15", "within": "all"},
    {"name": "random", "since": "2026-11-13", "until": "2026-11-17T12:00"},
    {"name": "random", "since": "2026-11-13T01:00", "until": "2026-11-18T00:00:01+02:00"},
    {"name": "user_time", "since": "2026-11-12", "history": {"length": 3}, "k_core": {"user": 2}},
    {"name": "window", "train_days": 4},
    {"name": "window", "train_days": 2, "valid_days": 2, "until": "2026-11-18"},
    {"name": "window", "train_days": 30, "since": "2026-11-15"},
    {"name": "window", "train_days": 2, "until": "2026-11-18T12:00", "negative_rate": {"task": "click", "rate": 0.9}},
]


def table(**changes) -> TableConfig:
    return TableConfig.model_validate({
        "name": "table", "train": "log", "tasks": [{"name": "click", "kind": "binary"}], "categorical": ["item"],
        "numbers": ["price"], "keys": {"user": "user", "item": "item", "time": "date"}, "domain": {"column": "tab"},
        **changes,
    })  # fmt: skip


def frame() -> pd.DataFrame:
    """40 rows a day; two thirds of the items are those of every day."""
    cells = [
        (day, f"tab{r % 2}", f"u{r % 5}", f"i{r}" if r % 3 else f"i{r} of {day}", r * place / 7, (r + place) % 2)
        for place, day in enumerate(DAYS) for r in range(40)
    ]  # fmt: skip
    return pd.DataFrame(cells, columns=["date", "tab", "user", "item", "price", "click"])


def lay_out(log: pd.DataFrame, root: Path, name: str = "date={}", ending: str = "parquet") -> Path:
    for day, group in log.groupby("date"):
        folder = root / name.format(str(day).replace(":", "%3A"))
        folder.mkdir(parents=True)
        rows = group.drop(columns="date")
        write = rows.to_parquet if ending == "parquet" else rows.to_csv
        write(folder / f"part-0.{ending}", index=False)
    return root


def policy(split) -> SplitConfig:
    return choose(SplitConfig, split)


def days_read(dataset: TableConfig, root: Path) -> list[str]:
    return [path.parent.name.removeprefix("date=") for path in dataset.own_files(root)]


def kept(root: Path, split, **changes) -> list[str]:
    return days_read(table(**changes).within(policy(split), root), root)


def build(dataset: TableConfig, split, root: Path, name: str) -> None:
    (root / name).mkdir()
    build_split(dataset, policy(split), root, root / name)


def published(out: Path) -> dict[str, object]:
    """All files of a split, but for what counts the rows that were read."""
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        name = str(path.relative_to(out))
        if path.suffix == ".parquet":
            columns = read_table(path).to_pydict()
            found[name] = {column: values for column, values in columns.items() if column != "row"}
        elif path.is_file():
            found[name] = path.read_text()
    profile = json.loads(str(found["profile.json"]))
    del profile["left_out"]
    return {**found, "profile.json": profile}


def test_a_date_is_what_it_is_as_a_time_of_rows():
    """The texts that the time key takes as dates; whole days since 1970 by hand."""
    day = 86_400_000_000
    assert dates(["1970-01-03", "1970-1-3 00:00:01", "1970-01-03T01:00+01:00", "1969-12-31T00:00Z"]) == {
        "1970-01-03": 2 * day, "1970-1-3 00:00:01": 2 * day + 1_000_000, "1970-01-03T01:00+01:00": 2 * day,
        "1969-12-31T00:00Z": -day,
    }  # fmt: skip
    assert dates(["19700103", "1970-02-30", "3 January 1970", "1970-01", ""]) == {}


class TestTheSameSplit:
    @pytest.mark.parametrize("ending", ["parquet", "csv"])
    @pytest.mark.parametrize("split", SPLITS, ids=str)
    def test_as_when_all_is_read(self, tmp_path, split, ending):
        lay_out(frame(), tmp_path / "log", "date={}" if ending == "parquet" else "{}", ending)
        narrowed = table().within(policy(split), tmp_path)
        assert 0 < len(narrowed.own_files(tmp_path)) < len(DAYS)
        build(table(), split, tmp_path, "all")
        build(narrowed, split, tmp_path, "some")
        some = published(tmp_path / "some")
        assert some == published(tmp_path / "all") and "train/domain=tab0/part-0.parquet" in some

    def test_rows_that_are_not_read_are_not_counted(self, tmp_path):
        lay_out(frame(), tmp_path / "log")
        split = {"name": "window", "train_days": 2, "since": "2026-11-11", "until": "2026-11-18"}
        build(table(), split, tmp_path, "all")
        build(table().within(policy(split), tmp_path), split, tmp_path, "some")
        counted = [json.loads((tmp_path / f"{name}/profile.json").read_text())["left_out"] for name in ("all", "some")]
        assert counted == [{"time": 120, "window": 120}, {"time": 0, "window": 0}]
        assert table().within(policy(split), tmp_path).remark == (
            "4 of 10 folders lie within split.since 2026-11-11 and split.until 2026-11-18 and the days of the window: "
            "the others are not read, nor counted"
        )


class TestWhatIsRead:
    @pytest.fixture
    def root(self, tmp_path) -> Path:
        lay_out(frame(), tmp_path / "log")
        return tmp_path

    @pytest.mark.parametrize(
        ("split", "expected"),
        [
            ({"name": "random", "since": "2026-11-19"}, DAYS[8:]),
            ({"name": "random", "until": "2026-11-13"}, DAYS[:2]),
            ({"name": "random", "since": "2026-11-12T00:00:01", "until": "2026-11-14T00:00:01"}, DAYS[2:4]),
            ({"name": "random", "since": "2026-11-12T00:00+02:00", "until": "2026-11-13T00:00+02:00"}, DAYS[1:2]),
            ({"name": "window", "train_days": 3}, DAYS[5:]),
            ({"name": "window", "train_days": 3, "until": "2026-11-19"}, DAYS[3:8]),
            ({"name": "window", "train_days": 3, "since": "2026-11-18"}, DAYS[7:]),
            ({"name": "random"}, DAYS),
            ({"name": "random", "since": 17}, DAYS),
        ],
    )
    def test_the_days_of_the_span(self, root, split, expected):
        assert kept(root, split) == expected

    def test_what_is_outside_is_not_even_opened(self, root):
        for day in (*DAYS[:6], DAYS[9]):
            path = root / f"log/date={day}/part-0.parquet"
            path.unlink()
            path.symlink_to("nowhere")
        split = {"name": "window", "train_days": 1, "test_days": 1, "until": "2026-11-20"}
        dataset = table().within(policy(split), root)
        assert days_read(dataset, root) == DAYS[6:9]

    def test_the_window_ends_with_the_newest_folder_that_has_rows(self, root):
        for day in ("2026-11-21", "2026-11-22"):
            (root / f"log/date={day}").mkdir()
        frame()[:0].drop(columns="date").to_parquet(root / "log/date=2026-11-22/part-0.parquet")
        assert kept(root, {"name": "window", "train_days": 1}) == DAYS[7:]

    def test_hours_are_of_their_day(self, tmp_path):
        times = [f"{day} {hour:02}:00:00" for day in DAYS[:4] for hour in (0, 7, 23)]
        log = frame()[: len(times) * 2]
        lay_out(log.assign(date=times * 2), tmp_path / "log")
        found = kept(tmp_path, {"name": "window", "train_days": 1})
        assert found == [time.replace(":", "%3A") for time in times[3:]]
        assert kept(tmp_path, {"name": "random", "since": "2026-11-14T07:00"}) == found[7:]

    def test_folders_inside_of_the_day_s(self, tmp_path):
        for place in range(2):
            lay_out(frame(), tmp_path / "log", f"date={{}}/hour={place}")
        found = table().within(policy({"name": "random", "since": DAYS[9]}), tmp_path)
        assert [path.parent.name for path in found.own_files(tmp_path)] == ["hour=0", "hour=1"]

    def test_parts_of_their_own_are_narrowed_as_well(self, root):
        lay_out(frame()[120:], root / "test")
        split = {"name": "files", "since": "2026-11-19"}
        assert kept(root, split, test="test") == DAYS[8:] * 2

    def test_a_part_without_a_folder_in_the_span_stays_empty(self, root):
        lay_out(frame()[:40], root / "valid")
        lay_out(frame()[120:], root / "test")
        dataset, split = table(valid="valid", test="test"), {"name": "files", "since": DAYS[8]}
        for name, read in (("all", dataset), ("some", dataset.within(policy(split), root))):
            with pytest.raises(DataError, match="the valid part stays empty"):
                build(read, split, root, name)


MOMENTS = st.datetimes(datetime(2026, 11, 9), datetime(2026, 11, 22), timezones=st.sampled_from([UTC, EAST, WEST]))
BOUNDS = st.none() | MOMENTS.map(lambda moment: moment.isoformat())


@pytest.fixture(scope="module")
def dated(tmp_path_factory) -> Path:
    """A workspace whose log has a folder a day; it stays as it is."""
    return lay_out(frame(), tmp_path_factory.mktemp("dated") / "log").parent


class TestProperties:
    @given(since=BOUNDS, until=BOUNDS, window=st.none() | st.tuples(*[st.integers(1, 4)] * 3))
    def test_the_folders_are_those_that_pandas_finds_in_the_span(self, dated, since, until, window):
        split = {"name": "random"} if window is None else {
            "name": "window", "train_days": window[0], "valid_days": window[1], "test_days": window[2],
        }  # fmt: skip
        days = pd.DatetimeIndex(DAYS, tz="UTC")
        end = days[-1] + pd.Timedelta(days=1) if until is None else pd.Timestamp(until)
        start = days[0] if since is None else pd.Timestamp(since)
        if window is not None:
            start = max(start, end - pd.Timedelta(days=sum(window)))
        expected = days[(days >= start) & (days < end)].strftime("%Y-%m-%d").tolist()
        split |= {name: bound for name, bound in (("since", since), ("until", until)) if bound is not None}
        if since and until and pd.Timestamp(since) >= pd.Timestamp(until):
            with pytest.raises(PydanticCustomError):
                policy(split)
        elif expected:
            assert kept(dated, split) == expected
        else:
            with pytest.raises(DataError, match="no folder lies within"):
                kept(dated, split)


class TestAllIsRead:
    def root(self, tmp_path, days) -> Path:
        log = frame()
        lay_out(log.assign(date=log["date"].map(dict(zip(DAYS, days, strict=True)))), tmp_path / "log")
        return tmp_path

    @pytest.mark.parametrize(
        "days",
        [
            [day.replace("-", "") for day in DAYS],
            [*DAYS[:9], "20261120"],
            [*DAYS[:9], "today"],
            [*DAYS[:9], "2026-11-31"],
            [*DAYS[:9], "__HIVE_DEFAULT_PARTITION__"],
        ],
    )
    def test_where_not_all_folders_say_a_date(self, tmp_path, days):
        root = self.root(tmp_path, days)
        for split in ({"name": "random", "since": "2026-11-19"}, {"name": "window", "train_days": 2}):
            assert sorted(kept(root, split)) == sorted(days)

    def test_where_a_date_means_missing(self, tmp_path):
        root = self.root(tmp_path, DAYS)
        assert kept(root, {"name": "random", "since": "2026-11-19"}, missing=["2026-11-11"]) == DAYS

    def test_where_the_time_is_another_column(self, tmp_path):
        root = self.root(tmp_path, DAYS)
        assert kept(root, {"name": "random", "since": "2026-11-19"}, keys={"time": "moment"}) == DAYS
        assert kept(root, {"name": "random", "since": "2026-11-19"}, keys={}) == DAYS

    def test_where_another_part_is_no_folder_of_days(self, tmp_path):
        root = self.root(tmp_path, DAYS)
        frame().to_csv(root / "test.csv", index=False)
        assert len(kept(root, {"name": "files", "since": "2026-11-19"}, test="test.csv")) == 11

    def test_of_a_flat_folder(self, tmp_path):
        (tmp_path / "log").mkdir()
        frame().to_csv(tmp_path / "log/a.csv", index=False)
        assert len(kept(tmp_path, {"name": "random", "since": "2026-11-19"})) == 1


class TestRefusals:
    def refused(self, root, split) -> RecmtlError:
        with pytest.raises(DataError) as error:
            build(table().within(policy(split), root), split, root, "out")
        return error.value

    @pytest.mark.parametrize(
        ("split", "within"),
        [
            ({"name": "random", "since": "2027-01-01"}, "split.since 2027-01-01"),
            ({"name": "time", "until": "2026-11-11"}, "split.until 2026-11-11"),
            (
                {"name": "window", "train_days": 1, "until": "2026-12-20"},
                "split.until 2026-12-20 and the days of the window",
            ),
        ],
    )
    def test_a_span_without_a_folder(self, tmp_path, split, within):
        lay_out(frame(), tmp_path / "log")
        error = self.refused(tmp_path, split)
        assert error.message == f"{tmp_path}/log: no folder lies within {within}."
        assert error.hint == "They run from 2026-11-11 to 2026-11-20."

    @pytest.mark.parametrize(
        ("since", "until"),
        [
            ("2026-11-20", "2026-11-20"),
            ("2026-11-20T02:00+02:00", "2026-11-19"),
            (20261120000000, "2026-11-19T23:59"),
            (5, 4.5),
        ],
    )
    def test_a_span_that_ends_before_it_begins(self, since, until):
        recipe = Recipe("own.json", "own", {"split": {"name": "random", "since": since, "until": until}})
        with pytest.raises(ConfigError) as error:
            recipe.section("split", SplitConfig)
        asked = f"split.since {since} is not before split.until {until}, so no row is left"
        assert error.value.message == f"own.json: split is not valid: {asked}."

    def test_a_span_whose_folders_hold_no_rows(self, tmp_path):
        lay_out(frame(), tmp_path / "log")
        frame()[:0].drop(columns="date").to_parquet(tmp_path / "log/date=2026-11-20/part-0.parquet")
        error = self.refused(tmp_path, {"name": "random", "since": "2026-11-20"})
        assert "no row is in the folders that are read (1 of 10 folders lie within" in error.message and error.hint
