"""The profile of a split, beside pandas and beside answers worked out by hand."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from recmtl.data.layout import Layout
from recmtl.data.loader import load_columns
from recmtl.data.policies import PARTS, FilesSplit, RandomSplit
from recmtl.data.split import build_split
from recmtl.schema import Task
from recmtl.testing.table_dataset import TableDataset

LAYOUT = Layout(
    tasks=(Task(name="click", kind="binary"), Task(name="watched", kind="regression", observed_if="click = 1")),
    categorical=("city",),
    numbers=("age", "price"),
    sequences=("tags",),
    domain="land",
    keys={"user": "person", "item": "thing"},
)


def made_up(size: int) -> pa.Table:
    chance = np.random.default_rng(4)
    click = chance.integers(0, 2, size).astype(float)
    tags = [None if row % 11 == 0 else list(chance.choice(list("pqrstu"), row % 4)) for row in range(size)]
    return pa.table(
        {
            "row": chance.permutation(size),
            "land": chance.choice(["nl", "fr", "be"], size, p=[0.7, 0.2, 0.1]),
            "city": pa.array(chance.integers(0, 300, size).astype(str), mask=chance.random(size) < 0.1),
            "age": pa.array(chance.integers(0, 200, size).astype(float), mask=chance.random(size) < 0.2),
            "price": chance.random(size),
            "tags": pa.array(tags, pa.list_(pa.string())),
            "click": click,
            "watched": pa.array(np.round(chance.random(size), 3), mask=click == 0),
            "person": pa.array(chance.integers(0, size // 5, size).astype(str), mask=chance.random(size) < 0.1),
            "thing": chance.integers(0, 40, size).astype(str),
        }
    )


def profile_of(out, rows, layout, policy):
    out.mkdir(exist_ok=True)
    schema = build_split(TableDataset(name="made_up", rows=rows, columns=layout), policy, out, out)
    return json.loads((out / "profile.json").read_text()), schema


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The profile, and the raw rows with their part."""
    out, rows = tmp_path_factory.mktemp("profile"), made_up(1500)
    profile, schema = profile_of(out, rows, LAYOUT, RandomSplit(min_count=4, max_distinct=150))
    numbers = {part: load_columns(out, schema, part, ["row"])["row"].to_pylist() for part in PARTS}
    parts = {row: part for part, found in numbers.items() for row in found}
    frame = rows.to_pandas()
    return profile, frame.assign(part=frame["row"].map(parts))


def test_totals_are_those_of_pandas(made):
    profile, frame = made
    expected = {(None, None): frame}
    expected |= {(None, land): rows for land, rows in frame.groupby("land")}
    expected |= {(part, None): rows for part, rows in frame.groupby("part")}
    assert {(total["part"], total["domain"]) for total in profile["totals"]} == set(expected)
    assert len(profile["totals"]) == len(expected)
    for total in profile["totals"]:
        rows = expected[total["part"], total["domain"]]
        assert total["rows"] == len(rows)
        for name, task in total["tasks"].items():
            assert task == {"observed": rows[name].count(), "mean": pytest.approx(rows[name].mean(), rel=1e-12)}


def test_users_and_items_are_counted_once_in_each_domain_and_in_all(made):
    profile, frame = made
    assert [entry["domain"] for entry in profile["keys"]] == ["be", "fr", "nl", None]
    for entry in profile["keys"]:
        rows = frame if entry["domain"] is None else frame[frame["land"] == entry["domain"]]
        for key, column in (("users", "person"), ("items", "thing")):
            inside = rows.groupby("part")[column].nunique().to_dict()
            assert entry[key] == {"all": rows[column].nunique(), **inside}


def test_a_domain_whose_users_are_all_missing_has_none(tmp_path):
    frame = made_up(300).to_pandas()
    frame.loc[frame["land"] == "fr", "person"] = None
    rows = pa.Table.from_pandas(frame, made_up(300).schema, preserve_index=False)
    keys = {entry["domain"]: entry for entry in profile_of(tmp_path, rows, LAYOUT, RandomSplit())[0]["keys"]}
    assert keys["fr"]["users"] == dict.fromkeys(("all", *PARTS), 0) and keys["fr"]["items"]["all"] > 0
    assert keys[None]["users"]["all"] == frame["person"].nunique()


def test_missing_and_unseen_shares_are_those_of_pandas(made):
    profile, frame = made
    for name in ("city", "age", "tags"):
        values = frame[name] if name != "tags" else frame["tags"].map(lambda v: None if v is None or not len(v) else v)
        training = values[frame["part"] == "train"].dropna().explode().value_counts()
        known = set(training[training >= 4].index)
        entry = profile["features"][name]
        assert entry["missing"] == pytest.approx(values.isna().mean(), abs=1e-12)
        for part in PARTS:
            inside = values[frame["part"] == part]
            assert entry["missing_by_part"][part] == pytest.approx(inside.isna().mean(), abs=1e-12)
            if part != "train":
                single = inside.dropna().explode()
                assert entry["unseen"][part] == pytest.approx((~single.isin(known)).mean(), abs=1e-12)
        assert entry["ids"] == len(known) + 3
    assert profile["features"]["city"]["unseen"]["valid"] > 0.1  # else this tests nothing


def test_a_number_without_ids_has_no_unseen_values(made):
    price = made[0]["features"]["price"]
    assert price["unseen"] == {"valid": None, "test": None} and price["ids"] == 3


@pytest.mark.parametrize("threads", [1, 4])
def test_a_small_split_worked_out_by_hand(tmp_path, threads):
    """Training holds a twice and b once, so that with min_count 2 only a has an id; test: a, b, c and a missing one."""
    rows = pa.table(
        {
            "row": range(1, 10),
            "c": ["a", "a", "b", None, "b", "a", "b", "c", None],
            "click": [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0],
            "u": ["x", "x", "y", "z", "x", "x", "w", "w", None],
            "part": ["train"] * 4 + ["valid"] + ["test"] * 4,
        }
    )
    layout = Layout(
        tasks=LAYOUT.tasks[:1], categorical=("c",), keys={"user": "u"}, ready_made=True, ready_made_valid=True
    )
    dataset = TableDataset(name="small", rows=rows, columns=layout, threads=threads)
    build_split(dataset, FilesSplit(min_count=2), tmp_path, tmp_path)
    profile = json.loads((tmp_path / "profile.json").read_text())
    test = next(cell for cell in profile["cells"] if cell["part"] == "test")
    assert (test["rows"], test["tasks"]["click"]) == (4, {"observed": 4, "mean": 0.75})
    assert profile["features"]["c"] == {
        "missing": 2 / 9, "ids": 4, "missing_by_part": {"train": 0.25, "valid": 0.0, "test": 0.25},
        "unseen": {"valid": 1.0, "test": 2 / 3},
    }  # fmt: skip
    users = {"all": 4, "train": 3, "valid": 1, "test": 2}
    assert profile["keys"] == [{"domain": domain, "users": users} for domain in ("small", None)]


def test_without_keys_none_are_counted(tmp_path):
    rows = made_up(200)
    layout = Layout(tasks=LAYOUT.tasks[:1], categorical=("city",))
    assert profile_of(tmp_path, rows, layout, RandomSplit())[0]["keys"] == []


def repeats(tmp_path, frame, keys):
    layout = Layout(tasks=LAYOUT.tasks[:1], categorical=("c",), keys=keys, ready_made=True, ready_made_valid=True)
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    return profile_of(tmp_path, rows, layout, FilesSplit())[0]["repeats"]


@pytest.fixture
def frame():
    """40 rows, no two alike; rows 21 to 30 are in valid, 31 to 40 in test."""
    row = np.arange(1, 41)
    given = np.select([row > 30, row > 20], ["test", "valid"], "train")
    text = row.astype(str)
    return pd.DataFrame(
        {"row": row, "c": text, "u": text, "i": text, "t": text, "click": row % 2 * 1.0, "part": given}
    ).astype({"c": object, "u": object, "i": object, "t": object})


def test_rows_that_are_alike_are_counted_where_there_are_no_keys(tmp_path, frame):
    for row, like in ((38, 2), (24, 2), (39, 3), (40, 3), (5, 4)):
        frame.loc[row - 1, ["c", "click"]] = frame.loc[like - 1, ["c", "click"]]
    found = repeats(tmp_path, frame, {})
    assert found == {"of": "rows", "count": 2, "example": {}, "parts": ["test", "train", "valid"], "row": 2}


def test_the_same_features_with_another_label_are_not_alike(tmp_path, frame):
    frame.loc[39, "c"], frame.loc[39, "click"] = frame.loc[0, "c"], 1 - frame.loc[0, "click"]
    assert repeats(tmp_path, frame, {}) == {"of": "rows", "count": 0, "example": {}, "parts": [], "row": None}


def test_pairs_are_counted_where_there_is_no_time(tmp_path, frame):
    frame.loc[39, ["u", "i"]] = ["7", "7"]
    frame.loc[38, ["u", "i"]] = [None, "8"]
    frame.loc[7, "u"] = None  # a missing user is not the same as another one
    found = repeats(tmp_path, frame, {"user": "u", "item": "i"})
    assert (found["of"], found["count"], found["example"], found["row"]) == ("pairs", 1, {"u": "7", "i": "7"}, 7)
