"""The past of a row's user as a feature: what is listed, in which order, how much of it, and what is refused."""

import json
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from raw_rows import make_raw_rows

from recmtl.artifacts.tables import read_table
from recmtl.data import history
from recmtl.data.coded import texts_of
from recmtl.data.datasets.movielens import MovielensConfig
from recmtl.data.encoding import BATCH_VALUES
from recmtl.data.history import add_history
from recmtl.data.layout import Layout, VectorColumn
from recmtl.data.loader import load_columns, load_part
from recmtl.data.policies import PARTS, History, KCore, RandomSplit, SplitConfig, TimeSplit, WindowSplit
from recmtl.data.split import build_split
from recmtl.errors import ConfigError, DataError
from recmtl.schema import FIRST_ID, Schema, Task
from recmtl.testing.table_dataset import TableDataset

TASKS = (Task(name="click", kind="binary"), Task(name="spent", kind="regression"))
LAYOUT = Layout(
    tasks=TASKS,
    categorical=("thing", "shop"),
    tables={"thing": "goods"},
    keys={"user": "person", "item": "thing", "time": "when"},
)
TEXTS = {name: pa.string() for name in ("person", "thing", "shop", "when")}


def table(*rows: tuple[str | None, str | None, str | None, float | None]) -> pa.Table:
    """Of rows (person, time, thing, click); each thing has its own shop."""
    columns: dict[str, list[Any]] = {
        "person": [row[0] for row in rows],
        "when": [row[1] for row in rows],
        "thing": [row[2] for row in rows],
        "shop": [row[2] and f"shop of {row[2]}" for row in rows],
        "click": [row[3] for row in rows],
        "spent": [i % 3 * 1.0 for i in range(len(rows))],
    }
    numbers = {"row": pa.array(range(1, len(rows) + 1))}
    return pa.table(numbers | {n: pa.array(v, TEXTS.get(n, pa.float64())) for n, v in columns.items()})


def listed(rows: pa.Table, layout: Layout = LAYOUT, **asked: Any) -> list[list[str]]:
    """The list of each row, in the order of rows."""
    wanted = History(**asked)
    with duckdb.connect() as connection:
        make_raw_rows(connection, rows, layout, seed=0)
        found = add_history(connection, layout, RandomSplit(history=wanted), "here", "Mend it.")
        assert found.sequences == (*layout.sequences, wanted.name)
        column = connection.execute(f'SELECT "{wanted.name}" FROM raw_rows ORDER BY row').fetchall()
        item = texts_of(connection, found.listed[wanted.name])
    return [item.take(pa.array(codes, pa.int32())).to_pylist() for (codes,) in column]


# what is listed


def test_a_row_lists_what_its_user_clicked_before_it_newest_last() -> None:
    rows = table(("u", "30", "c", 1), ("u", "10", "a", 1), ("u", "20", "b", 1), ("u", "9", "z", 0))
    assert listed(rows) == [["a", "b"], [], ["a"], []]


def test_neither_other_users_nor_negatives_nor_unknown_labels_are_listed() -> None:
    rows = table(("u", "1", "a", 1), ("v", "2", "b", 1), ("u", "3", "c", 0), ("u", "4", "d", None), ("u", "5", "e", 0))
    assert listed(rows) == [[], [], ["a"], ["a"], ["a"]]


def test_rows_of_one_time_do_not_see_each_other_and_follow_by_their_text() -> None:
    rows = table(("u", "1", "b", 1), ("u", "1", "a", 1), ("u", "1", "c", 0), ("u", "2", "d", 1))
    assert listed(rows) == [[], [], [], ["a", "b"]]


def test_an_item_is_listed_as_often_as_it_was_clicked() -> None:
    rows = table(("u", "1", "a", 1), ("u", "2", "b", 1), ("u", "3", "a", 1), ("u", "3", "a", 1), ("u", "4", "c", 0))
    assert listed(rows)[4] == ["a", "b", "a", "a"]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6, 7, 8, 50])
def test_only_the_newest_are_listed(length: int) -> None:
    rows = table(*[("u", str(i), f"i{i}", 1) for i in range(8)])
    assert listed(rows, length=length) == [[f"i{j}" for j in range(i)][-length:] for i in range(8)]


def test_times_are_compared_by_what_they_mean() -> None:
    assert listed(table(("u", "9", "a", 1), ("u", "10", "b", 1), ("u", "9.5", "c", 1)))[1] == ["a", "c"]
    # 23:30 two hours east of Greenwich is 21:30 there
    dates = table(
        ("u", "2026-11-20T23:30:00+02:00", "a", 1), ("u", "2026-11-20T22:00", "b", 1), ("u", "2026-11-21", "c", 0)
    )
    assert listed(dates) == [[], ["a"], ["a", "b"]]


def test_a_row_without_user_time_or_item_lists_or_is_listed_as_far_as_can_be() -> None:
    rows = table(
        (None, "1", "a", 1), (None, "2", "b", 1), ("u", None, "c", 1), ("u", "3", None, 1), ("u", "4", "d", 1),
        ("u", "5", None, 0),
    )  # fmt: skip
    assert listed(rows) == [[], [], [], [], [], ["d"]]


def test_the_task_the_feature_and_the_name_can_be_chosen() -> None:
    layout = Layout(tasks=(TASKS[1], TASKS[0]), categorical=LAYOUT.categorical, keys={"user": "person", "time": "when"})
    rows = table(("u", "1", "a", 1), ("u", "2", "b", 0), ("u", "3", "c", 1))
    assert listed(rows, layout, task="click", item="shop", name="shops seen") == [[], ["shop of a"], ["shop of a"]]


def test_columns_that_are_called_as_in_the_query_are_not_mixed_up() -> None:
    for name in ("person", "moment", "item", "items", "before", "block", "place", "row_number", "past_lists"):
        rows = table(("u", "1", "a", 1), ("v", "2", "b", 1), ("u", "3", "c", 0))
        for old in ("person", "when", "thing"):
            if name in rows.column_names:
                continue
            named = rows.rename_columns([name if column == old else column for column in rows.column_names])
            keys = {key: name if column == old else column for key, column in LAYOUT.keys.items()}
            layout = Layout(tasks=TASKS, categorical=(keys["item"], "shop"), keys=keys)
            assert listed(named, layout) == [[], [], ["a"]], (name, old)


# in a split


def split(out: Path, rows: pa.Table, policy: SplitConfig, layout: Layout = LAYOUT, threads: int = 2) -> Schema:
    out.mkdir(exist_ok=True)
    return build_split(TableDataset(name="made_up", rows=rows, columns=layout, threads=threads), policy, out, out)


def some_rows(size: int = 400) -> pa.Table:
    chance = np.random.default_rng(5)
    people, things, clicks = chance.integers(0, 12, size), chance.integers(0, 30, size), chance.integers(0, 2, size)
    times = 1_600_000_000 + 3600 * chance.integers(0, size // 2, size)
    return table(
        *[(f"u{p}", str(t), f"i{i}", float(c)) for p, t, i, c in zip(people, times, things, clicks, strict=True)]
    )


def ids_by_row(out: Path, schema: Schema, column: str = "ids:past_items") -> dict[int, Any]:
    found: dict[int, Any] = {}
    for part in PARTS:
        columns = load_columns(out, schema, part, ["row", column])
        found |= dict(zip(columns["row"].to_pylist(), columns[column].to_pylist(), strict=True))
    return found


def test_the_lists_have_the_ids_of_the_items_own_table(tmp_path: Path) -> None:
    rows = some_rows()
    schema = split(tmp_path, rows, TimeSplit(history=History(length=5)))
    (feature,) = schema.sequences
    assert (feature.name, feature.table) == ("past_items", "goods")
    values = read_table(tmp_path / "vocabulary/goods.parquet")["value"].to_pylist()
    numbers = {value: place + FIRST_ID for place, value in enumerate(values)}
    expected = [[numbers[item] for item in items] for items in listed(rows, length=5)]
    assert ids_by_row(tmp_path, schema) == dict(enumerate(expected, 1))
    lengths = np.diff(load_part(tmp_path, schema, "test").batch.sequences[0].offsets.numpy())
    assert lengths.max() == 5


def test_a_test_row_of_a_split_by_time_lists_training_rows(tmp_path: Path) -> None:
    rows = table(*[("u", str(i), f"i{i}", float(i % 2)) for i in range(20)])
    schema = split(tmp_path, rows, TimeSplit(history=History()))
    assert len(ids_by_row(tmp_path, schema)[20]) == 9  # 1, 3, ..., 17


def test_rows_that_are_left_out_before_are_not_listed(tmp_path: Path) -> None:
    frame = some_rows().to_pandas()
    frame.loc[0, "thing"] = "rare"
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    policies: list[SplitConfig] = [
        RandomSplit(since=1_600_000_000 + 3600 * 40, until=1_600_000_000 + 3600 * 150),
        RandomSplit(k_core=KCore(item=2)),
        WindowSplit(train_days=3, valid_days=1, test_days=1),
    ]
    for place, policy in enumerate(policies):
        out = tmp_path / str(place)
        schema = split(out, rows, policy.model_copy(update={"history": History(length=400)}))
        found = {row: len(ids) for row, ids in ids_by_row(out, schema).items()}
        assert 0 < len(found) < len(rows)
        kept = frame[frame["row"].isin(found)].assign(when=lambda f: f["when"].astype(int))
        for row in kept.itertuples():
            before = (kept["person"] == row.person) & (kept["when"] < row.when) & (kept["click"] == 1)
            assert found[row.row] == before.sum()


def test_negatives_that_are_sampled_away_change_no_list(tmp_path: Path) -> None:
    rows = some_rows()
    whole = ids_by_row(tmp_path / "a", split(tmp_path / "a", rows, TimeSplit(history=History())))
    policy = TimeSplit.model_validate({"history": {}, "negative_rate": {"task": "click", "rate": 0.3}})
    some = ids_by_row(tmp_path / "b", split(tmp_path / "b", rows, policy))
    assert len(some) < len(whole)
    assert {row: len(ids) for row, ids in some.items()} == {row: len(whole[row]) for row in some}


def test_the_same_bytes_on_any_number_of_threads_in_any_order(tmp_path: Path) -> None:
    rows, policy = some_rows(), TimeSplit(history=History(length=7))
    order = np.random.default_rng(3).permutation(len(rows))
    contents = []
    for place, (given, threads) in enumerate([(rows, 1), (rows, 4), (rows.take(order), 4), (rows.take(order), 1)]):
        out = tmp_path / str(place)
        split(out, given, policy, threads=threads)
        files = sorted(path for path in out.rglob("*") if path.is_file())
        contents.append({path.relative_to(out): path.read_bytes() for path in files})
    assert all(content == contents[0] for content in contents)


def test_the_profile_counts_rows_without_a_past_as_missing_and_nothing_is_called_a_leak(tmp_path: Path) -> None:
    rows = some_rows()
    split(tmp_path, rows, TimeSplit(history=History()))
    profile = json.loads((tmp_path / "profile.json").read_text())
    empty = sum(not items for items in listed(rows))
    assert profile["features"]["past_items"]["missing"] == pytest.approx(empty / len(rows))
    assert profile["features"]["past_items"]["ids"] == profile["features"]["thing"]["ids"]
    assert profile["leaks"] == []


def test_users_looked_at_in_several_passes_have_the_same_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = some_rows()
    at_once = listed(rows)
    monkeypatch.setattr(history, "PASS_ROWS", 70)
    assert listed(rows) == at_once


def test_one_user_with_very_many_rows(tmp_path: Path) -> None:
    size = BATCH_VALUES // 40  # more rows than are encoded at once
    rows = table(*[("u", str(i // 2), f"i{i % 50}", float(i % 3 == 0)) for i in range(size)])
    schema = split(tmp_path, rows, TimeSplit(history=History(length=60)))
    found = ids_by_row(tmp_path, schema)
    ids = ids_by_row(tmp_path, schema, "id:thing")
    for row in (1, 7, 1000, size - 1, size):
        clicked = [i for i in range((row - 1) // 2 * 2) if i % 3 == 0]
        clicked.sort(key=lambda i: (i // 2, f"i{i % 50}"))
        assert found[row] == [ids[i + 1] for i in clicked[-60:]]


# what is refused


def refused(layout: Layout = LAYOUT, **asked: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        listed(some_rows(), layout, **asked)
    return caught.value.message


def test_a_key_that_is_not_there_is_named() -> None:
    def without(*keys: str) -> Layout:
        left = {key: column for key, column in LAYOUT.keys.items() if key not in keys}
        return Layout(tasks=TASKS, categorical=LAYOUT.categorical, keys=left)

    needs = "needs the key {!r}, which the data set does not have."
    assert refused(without("user")) == f"split.history {needs.format('user')}"
    assert refused(without("time")) == f"split.history {needs.format('time')}"
    assert refused(without("item")) == f"split.history without 'item' {needs.format('item')}"


def test_an_item_that_is_no_category_is_refused() -> None:
    assert (
        refused(item="shops") == "split.history.item: there is no categorical feature 'shops' (did you mean 'shop'?)."
    )
    bare = Layout(tasks=TASKS, categorical=("shop",), keys=LAYOUT.keys)
    assert refused(bare) == (
        "split.history lists the item's column 'thing', which is no categorical feature of the data set."
    )


def test_a_task_without_positives_is_refused() -> None:
    assert refused(task="spent") == "split.history.task needs a binary task, but 'spent' is a regression."
    assert "split.history.task: there is no task 'clack'" in refused(task="clack")
    alone = Layout(tasks=TASKS[1:], categorical=LAYOUT.categorical, keys=LAYOUT.keys)
    assert "split.history.task needs a binary task, but 'spent'" in refused(alone)


def test_a_name_that_is_taken_is_refused() -> None:
    looks = VectorColumn(name="looks", column="thing", dim=2)
    layout = Layout(tasks=TASKS, categorical=LAYOUT.categorical, keys=LAYOUT.keys, vectors=(looks,))
    for name in ("thing", "Shop", "click", "when", "row", "looks"):
        assert refused(layout, name=name) == f"split.history.name: the data set has a column {name!r} already."


def test_a_time_that_is_none_is_refused_with_its_row() -> None:
    def message(*times: str | None) -> str:
        with pytest.raises(DataError) as caught:
            listed(table(*[("u", time, "a", 1) for time in times]))
        return caught.value.message

    assert message(None, "1", "soon") == (
        "here, row 3: the time 'when' is 'soon', neither a number nor a date like 2026-11-20."
    )
    assert "row 2: the time 'when' is the date '2026-11-20', but that of row 1" in message("1", "2026-11-20", None)


@pytest.mark.parametrize("asked", [{"length": 0}, {"length": 2.5}, {"name": ""}, {"name": "a:b"}, {"items": "x"}])
def test_a_history_of_nothing_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        RandomSplit.model_validate({"history": asked})


# real data


def test_films_liked_before_are_what_pandas_finds_and_no_leak(tmp_path: Path, real_data: Any) -> None:
    with zipfile.ZipFile(real_data("movielens-1m") / "ml-1m.zip") as archive:
        archive.extractall(tmp_path)
    raw, out = tmp_path / "ml-1m", tmp_path / "split"
    out.mkdir()
    schema = build_split(MovielensConfig(domain="age"), TimeSplit(history=History(length=20)), raw, out)
    assert json.loads((out / "profile.json").read_text())["leaks"] == []
    ratings = pd.read_csv(raw / "ratings.dat", sep=":", header=None, usecols=[0, 2, 4, 6], dtype={2: str})
    ratings.columns = pd.Index(["user", "movie", "stars", "time"])
    ids = ids_by_row(out, schema, "id:movie_id")
    number = {movie: ids[row] for row, movie in enumerate(ratings["movie"], 1)}
    found = ids_by_row(out, schema)
    for _, mine in list(ratings.groupby("user"))[::500]:
        for row, time in zip(mine.index + 1, mine["time"], strict=True):
            before = mine[(mine["time"] < time) & (mine["stars"] > 3)].sort_values(["time", "movie"])
            assert found[row] == [number[movie] for movie in before["movie"][-20:]]
