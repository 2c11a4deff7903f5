"""AliExpress: the published pairs and the joined files give the same rows; countries, searches, and broken lines."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from pydantic import ValidationError

from recmtl.data.datasets.aliexpress import AliexpressConfig
from recmtl.data.policies import SplitConfig
from recmtl.data.split import build_split
from recmtl.errors import DataError, MissingError

CATEGORIES = [f"categorical_{i}" for i in range(1, 17)]
NUMBERS = [f"numerical_{i}" for i in range(1, 64)]
HEADER = ",".join(["search_id", *CATEGORIES, *NUMBERS, "click", "conversion"]) + "\n"
ITEM_CATEGORIES = (19, 34, 35, 36, 40, 41, 42)
"""Columns of an item file, counted from 1, that are categories in MTReclib's preprocessing."""


def user(search: str, base: int = 100, **changes: str) -> str:
    """A made-up line of a user file, 33 columns: column i holds base + i, numbers with a half."""
    columns = {i: f"{base + i}" if i < 9 or i > 31 else f"{base + i}.5" for i in range(2, 34)}
    columns |= {int(name.removeprefix("c")): text for name, text in changes.items()}
    return ",".join([search, *columns.values()]) + "\n"


def item(search: str, label: str = "0", base: int = 1000, **changes: str) -> str:
    """A made-up line of an item file, 49 columns, likewise."""
    columns = {i: f"{base + i}" if i in ITEM_CATEGORIES else f"{base + i}.25" for i in range(2, 49)}
    columns |= {int(name.removeprefix("c")): text for name, text in changes.items()}
    return ",".join([search, *columns.values(), label]) + "\n"


def joined(search: str, click: str = "0", conversion: str = "0", **changes: str) -> str:
    columns = {**{name: str(i) for i, name in enumerate(CATEGORIES)}, **{name: f"0.{name[10:]}" for name in NUMBERS}}
    return ",".join([search, *{**columns, **changes}.values(), click, conversion]) + "\n"


USERS, ITEMS = user("1") + user("2", 200), item("1") + item("2", "1", 2000) + item("1", "2", 3000)


def pairs(raw: Path, *countries: str) -> Path:
    for country in countries or ("nl",):
        (raw / f"{country}_user_train.csv").write_text(USERS)
        (raw / f"{country}_item_train.csv").write_text(ITEMS)
        (raw / f"{country}_user_test.csv").write_text(user("1", 300))
        (raw / f"{country}_item_test.csv").write_text(item("1", "1", 4000))
    return raw


def joined_files(raw: Path, train: str, test: str = joined("1", "1"), country: str = "nl") -> Path:
    (raw / f"{country}_train.csv").write_text(HEADER + train)
    (raw / f"{country}_test.csv").write_text(HEADER + test)
    return raw


def read(raw: Path, *countries: str, **options: Any) -> pd.DataFrame:
    config = AliexpressConfig.model_validate({"countries": countries or ("NL",), **options})
    with duckdb.connect() as connection:
        query = config.read(raw, connection)
        return connection.execute(f"SELECT * FROM ({query}) ORDER BY row").df()


def as_mtreclib_joins(raw: Path, part: str) -> pd.DataFrame:
    """Its column positions, in pandas; rows in the item file's order."""
    users = pd.read_csv(raw / f"nl_user_{part}.csv", header=None, dtype=str, names=[f"user_{i}" for i in range(1, 34)])
    items = pd.read_csv(raw / f"nl_item_{part}.csv", header=None, dtype=str, names=[f"item_{i}" for i in range(1, 50)])
    both = items.merge(users, left_on="item_1", right_on="user_1")
    categories = [f"user_{i}" for i in (*range(2, 9), 32, 33)] + [f"item_{i}" for i in ITEM_CATEGORIES]
    numbers = [f"user_{i}" for i in range(9, 32)]
    numbers += [f"item_{i}" for i in range(2, 49) if i not in ITEM_CATEGORIES]
    frame = pd.concat([both[["item_1", *categories]], both[numbers].astype(float)], axis=1)
    frame.columns = pd.Index(["search_id", *CATEGORIES, *NUMBERS])
    label = both["item_49"].astype(int)
    return frame.assign(click=(label >= 1).astype(int), conversion=(label == 2).astype(int))


def published(folder: Path, raw: Path, source: str) -> Path:
    for part in ("train", "test"):
        shutil.copyfile(folder / "aliexpress" / f"{source}_{part}.csv", raw / f"nl_{part}.csv")
    return raw


@pytest.mark.realdata
@pytest.mark.parametrize("source", ["rechub", "fuxictr_tiny_mtl"])
def test_every_value_of_published_rows_is_as_pandas_reads_it(real_data: Any, tmp_path: Path, source: str) -> None:
    raw = published(real_data("samples"), tmp_path, source)
    found = read(raw, form="joined")
    parts = {p: pd.read_csv(raw / f"nl_{p}.csv", dtype=dict.fromkeys(CATEGORIES, str)) for p in ("train", "test")}
    expected = pd.concat(parts.values(), ignore_index=True)
    assert found["part"].tolist() == [part for part, frame in parts.items() for _ in range(len(frame))]
    for name in (*CATEGORIES, *NUMBERS, "click", "conversion"):
        assert found[name].tolist() == expected[name].tolist(), name
    searches = [f"NL {part} {search}" for part, frame in parts.items() for search in frame["search_id"]]
    assert found["search"].tolist() == searches


@pytest.mark.realdata
def test_published_rows_become_a_split(real_data: Any, tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "split"
    raw.mkdir()
    out.mkdir()
    published(real_data("samples"), raw, "rechub")
    config = AliexpressConfig(countries=("NL",), form="joined")
    schema = build_split(config, SplitConfig.kinds["files"].model_validate({}), raw, out)
    assert schema.domains == ("NL",) and schema.task_names == ("click", "conversion")
    assert [feature.name for feature in schema.features if feature.kind == "categorical"] == CATEGORIES
    assert duckdb.sql(f"SELECT count(*) FROM '{out}/test/*/*.parquet'").fetchall() == [(20,)]


def test_the_values_of_a_pair(tmp_path: Path) -> None:
    last = read(pairs(tmp_path)).iloc[2]  # an item of base 3000 shown for search 1, of base 100
    found = {name: last[name] for name in (*CATEGORIES, *NUMBERS)}
    planted = {
        "categorical_1": "102", "categorical_7": "108", "numerical_1": 109.5, "numerical_23": 131.5,
        "categorical_8": "132", "categorical_9": "133", "numerical_24": 3002.25, "numerical_40": 3018.25,
        "categorical_10": "3019", "numerical_41": 3020.25, "categorical_11": "3034", "categorical_13": "3036",
        "numerical_55": 3037.25, "categorical_14": "3040", "categorical_16": "3042", "numerical_58": 3043.25,
        "numerical_63": 3048.25,
    }  # fmt: skip
    assert {name: found[name] for name in planted} == planted


def test_clicked_is_one_or_two_and_bought_is_two(tmp_path: Path) -> None:
    found = read(pairs(tmp_path))
    assert found["click"].tolist() == [0, 1, 1, 1]
    assert found["conversion"].tolist() == [0, 0, 1, 0]
    assert found["part"].tolist() == ["train"] * 3 + ["test"]
    assert found["row"].tolist() == [1, 2, 3, 4]


def test_the_pair_gives_what_the_joined_file_does(tmp_path: Path) -> None:
    pairs(tmp_path)
    for part in ("train", "test"):
        as_mtreclib_joins(tmp_path, part).to_csv(tmp_path / f"nl_{part}.csv", index=False)
    whole = read(tmp_path, form="joined")
    pd.testing.assert_frame_equal(read(tmp_path)[whole.columns], whole)


def test_a_search_of_the_test_rows_is_another_than_that_of_the_same_number_in_training(tmp_path: Path) -> None:
    found = read(pairs(tmp_path, "nl", "es"), "ES", "NL")
    train = ["train 1", "train 2", "train 1", "test 1"]
    assert found["search"].tolist() == [f"ES {s}" for s in train] + [f"NL {s}" for s in train]
    layout = AliexpressConfig().layout()
    assert dict(layout.keys) == {"group": "search"}
    assert "search_id" not in (*layout.categorical, *layout.numbers)


@pytest.mark.parametrize("domain", [None, "country"])
def test_countries_are_domains_and_a_feature(tmp_path: Path, domain: Any) -> None:
    raw, out = tmp_path / "raw", tmp_path / "split"
    raw.mkdir()
    out.mkdir()
    train = "".join(joined(str(s), c, v) for s in range(5) for c, v in ("00", "10", "11"))
    for country in ("nl", "es", "fr", "us"):
        joined_files(raw, train, train, country)
    config = AliexpressConfig(form="joined", domain=domain)
    schema = build_split(config, SplitConfig.kinds["files"].model_validate({"valid_share": 0.4}), raw, out)
    assert set(schema.domains) == ({"NL", "ES", "FR", "US"} if domain else {"aliexpress"})
    assert "country" in {feature.name for feature in schema.features}
    tests = duckdb.sql(f"SELECT count(*) FROM '{out}/test/*/*.parquet'").fetchall()
    assert tests == [(60,)]


@pytest.mark.parametrize("tasks", [("click",), ("conversion",), ("conversion", "click")])
def test_the_tasks_are_those_that_are_asked_for(tasks: Any) -> None:
    assert [(task.name, task.kind) for task in AliexpressConfig(tasks=tasks).layout().tasks] == [
        (task, "binary") for task in tasks
    ]


@pytest.mark.parametrize("tasks", [(), ("click", "click"), ("buy",)])
def test_tasks_that_are_not_are_refused(tasks: Any) -> None:
    with pytest.raises(ValidationError, match="tasks"):
        AliexpressConfig(tasks=tasks)


def test_a_country_alone_is_no_feature() -> None:
    layout = AliexpressConfig(countries=("FR",)).layout()
    assert layout.domain == "country" and layout.categorical == tuple(CATEGORIES) and layout.ready_made


@pytest.mark.parametrize("countries", [[], ["NL", "NL"], ["RU"], ["nl"]])
def test_countries_that_are_not_are_refused(countries: list[str]) -> None:
    with pytest.raises(ValidationError, match="countries"):
        AliexpressConfig.model_validate({"countries": countries})


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("nl_item_train.csv", item("1") + item("3"), "line 2, column search_id: '3' is not in nl_user_train.csv"),
        ("nl_item_train.csv", item("1") + item(""), "line 2, column search_id: '' is not in nl_user_train.csv"),
        ("nl_item_test.csv", item("1") + item("2"), "line 2, column search_id: '2' is not in nl_user_test.csv"),
        ("nl_item_train.csv", item("1") + item("2", "3"), "line 2, column label: '3' is none of 0, 1, 2"),
        ("nl_item_train.csv", item("1") + item("2", ""), "line 2, column label: '' is none of 0, 1, 2"),
        ("nl_item_train.csv", item("1") + item("1", c48="x"), "line 2, column numerical_63: 'x' is not a number"),
        ("nl_item_train.csv", item("1") + item("1", c20="inf"), "line 2, column numerical_41: 'inf' is not a number"),
        ("nl_item_train.csv", item("1") + item("1", c5="1,2"), "line 2 has 50 columns, expected 49"),
        ("nl_user_train.csv", USERS + user("1"), "line 3, column search_id: '1' is there a second time"),
        ("nl_user_train.csv", USERS + user(""), "line 3, column search_id: '' is no id"),
        ("nl_user_train.csv", USERS + user("3", c9="old"), "line 3, column numerical_1: 'old' is not a number"),
        ("nl_user_test.csv", "1,2,3\n", "line 1 has 3 columns, expected 33"),
    ],
)
def test_a_broken_line_of_a_pair_is_named(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (pairs(tmp_path) / name).write_text(text)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert caught.value.message.startswith(f"{tmp_path / name}: {problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (joined("2", "1", "2"), "line 3, column conversion: '2' is neither 0 nor 1"),
        (joined("2", ""), "line 3, column click: '' is neither 0 nor 1"),
        (joined("2", "0", "1"), "line 3, column conversion: '1' is a conversion without a click"),
        (joined(""), "line 3, column search_id: '' is no id"),
        (joined("2", numerical_7="low"), "line 3, column numerical_7: 'low' is not a number"),
        (joined("2", categorical_7="1,2"), "line 3 has 83 columns, expected 82"),
    ],
)
@pytest.mark.parametrize("part", ["train", "test"])
def test_a_broken_line_of_a_joined_file_is_named(tmp_path: Path, part: str, text: str, problem: str) -> None:
    path = joined_files(tmp_path, joined("1")) / f"nl_{part}.csv"
    path.write_text(HEADER + joined("1") + text)
    with pytest.raises(DataError) as caught:
        read(tmp_path, form="joined")
    assert caught.value.message.startswith(f"{path}: {problem}")


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    path = joined_files(tmp_path, "") / "nl_train.csv"
    path.write_text(HEADER.replace("numerical_63,", ""))
    with pytest.raises(DataError, match=r"nl_train\.csv: line 1 names no column 'numerical_63'"):
        read(tmp_path, form="joined")


@pytest.mark.parametrize("name", ["us_user_train.csv", "us_item_train.csv", "us_user_test.csv", "us_item_test.csv"])
def test_a_file_that_the_config_needs_and_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    (pairs(tmp_path, "nl", "us") / name).unlink()
    with pytest.raises(MissingError) as caught:
        read(tmp_path, "NL", "US")
    assert caught.value.message == f"{tmp_path / name} is not there."
    assert "dataset.countries" in str(caught.value.hint) and "'joined'" in str(caught.value.hint)
    assert len(read(tmp_path, "NL")) == 4  # what it does not need may be absent


def test_the_other_form_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"nl_train\.csv is not there"):
        read(pairs(tmp_path), form="joined")
