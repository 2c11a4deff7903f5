"""A split with ids from hashes and from buckets of numbers: what is in it, what is refused, how it is extended."""

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pydantic import ValidationError

from recmtl.artifacts.tables import read_table
from recmtl.data.extending import Fitted
from recmtl.data.layout import Layout
from recmtl.data.loader import load_columns
from recmtl.data.policies import PARTS, RandomSplit
from recmtl.data.split import SplitOptions, build_split
from recmtl.errors import ConfigError
from recmtl.schema import FIRST_ID, MISSING, Schema, Task
from recmtl.testing.table_dataset import TableDataset

LAYOUT = Layout(
    tasks=(Task(name="click", kind="binary"),),
    categorical=("item", "city"),
    numbers=("age", "price"),
    sequences=("history",),
    tables={"history": "item"},
)
ASKED: dict[str, Any] = {"hashing": {"item": 50}, "buckets": {"age": (20, 25.0), "price": 4}}


def some_rows(size: int = 2000, seed: int = 0, price: float = 1.0) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    items = [f"item {i}" for i in range(300)]
    frame = pd.DataFrame(
        {
            "row": np.arange(1, size + 1),
            "item": chance.choice(items, size).astype(object),
            "city": chance.choice(["x", "y"], size).astype(object),
            "age": chance.integers(15, 30, size).astype(float),
            "price": price * chance.lognormal(size=size),
            "history": [chance.choice(items, n).tolist() for n in chance.integers(0, 4, size)],
            "click": chance.integers(0, 2, size).astype(float),
        }
    )
    frame.loc[chance.random(size) < 0.1, "item"] = None
    frame.loc[chance.random(size) < 0.1, ["age", "price"]] = np.nan
    return frame


def split(
    out: Path, frame: pd.DataFrame, layout: Layout = LAYOUT, base: Fitted | None = None, **asked: Any
) -> tuple[Path, Schema]:
    out.mkdir()
    dataset = TableDataset(name="made_up", rows=pa.Table.from_pandas(frame, preserve_index=False), columns=layout)
    return out, build_split(dataset, RandomSplit(name="random", **asked), out, out, options=SplitOptions(base=base))


def encoded(made: tuple[Path, Schema], part: str | None = None) -> pd.DataFrame:
    """The columns of the rows by `row`."""
    out, schema = made
    names = ["row", "id:item", "ids:history", "id:age", "id:price", "value:age", "value:price"]
    parts = [load_columns(out, schema, p, names).to_pandas() for p in ([part] if part else PARTS)]
    return pd.concat(parts).set_index("row").sort_index()


def hashed(text: Any, buckets: int = 50) -> int:
    if pd.isna(text):
        return MISSING
    return FIRST_ID + int(blake2b(text.encode(), digest_size=8).hexdigest(), 16) % buckets


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return some_rows()


@pytest.fixture(scope="module")
def made(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Schema]:
    return split(tmp_path_factory.mktemp("splits") / "made", frame, min_count=20, max_distinct=0, **ASKED)


# what is in it


def test_tables_have_a_row_for_each_bucket(made: tuple[Path, Schema]) -> None:
    tables = made[1].tables
    assert {name: tables[name] - FIRST_ID for name in ("item", "age", "price", "city")} == {
        "item": 50, "age": 3, "price": 4, "city": 2,
    }  # fmt: skip


def test_every_row_has_the_ids_of_its_own_values(made: tuple[Path, Schema], frame: pd.DataFrame) -> None:
    found = encoded(made)
    assert len(found) == len(frame)
    assert found["id:item"].tolist() == [hashed(text) for text in frame["item"]]
    assert [list(ids) for ids in found["ids:history"]] == [
        [hashed(text) for text in texts] for texts in frame["history"]
    ]
    ages = pd.cut(frame["age"], [-np.inf, 20, 25, np.inf], right=False, labels=False) + FIRST_ID
    assert found["id:age"].tolist() == ages.fillna(MISSING).astype(int).tolist()


def test_quantile_buckets_are_even_in_the_training_rows_alone(made: tuple[Path, Schema], frame: pd.DataFrame) -> None:
    counts = encoded(made, "train")["id:price"].value_counts()
    buckets = counts[[FIRST_ID + i for i in range(4)]]
    assert buckets.max() - buckets.min() <= 1 and buckets.sum() + counts[MISSING] == counts.sum()
    bounds = read_table(made[0] / "vocabulary/price.parquet")["from"].to_pylist()[1:]
    expected = pd.cut(frame["price"], [-np.inf, *bounds, np.inf], right=False, labels=False) + FIRST_ID
    assert encoded(made)["id:price"].tolist() == expected.fillna(MISSING).astype(int).tolist()


def test_the_piecewise_linear_value_is_what_it_is_without_buckets(
    made: tuple[Path, Schema], frame: pd.DataFrame, tmp_path: Path
) -> None:
    plain = split(tmp_path / "plain", frame)
    assert plain[1].numbers == made[1].numbers
    for name in ("value:age", "value:price"):
        pd.testing.assert_series_equal(encoded(made)[name], encoded(plain)[name])


def test_nothing_is_unseen_in_the_profile(made: tuple[Path, Schema], frame: pd.DataFrame) -> None:
    features = json.loads((made[0] / "profile.json").read_text())["features"]
    for name in ("item", "history", "age", "price"):
        assert features[name]["unseen"] == {"valid": 0.0, "test": 0.0}
    assert features["item"]["missing"] == frame["item"].isna().mean()
    assert (features["item"]["ids"], features["age"]["ids"]) == (53, 6)


def test_the_same_split_again_has_the_same_bytes(
    made: tuple[Path, Schema], frame: pd.DataFrame, tmp_path: Path
) -> None:
    again, _ = split(tmp_path / "again", frame, min_count=20, max_distinct=0, **ASKED)
    for path in sorted(made[0].rglob("*.parquet")):
        assert (again / path.relative_to(made[0])).read_bytes() == path.read_bytes(), path


# what is refused


@pytest.mark.parametrize(
    ("asked", "says", "hint"),
    [
        ({"hashing": {"itme": 9}}, r"split.hashing: 'itme' is no .*table.* \(did you mean 'item'\?\)", "city, item"),
        ({"hashing": {"history": 9}}, "split.hashing: 'history' is no embedding table", "city, item"),
        ({"hashing": {"age": 9}}, "split.hashing: 'age' .* but a number: split.buckets is for those", "city, item"),
        ({"buckets": {"aeg": 9}}, r"split.buckets: 'aeg' is no number \(did you mean 'age'\?\)", "age, price"),
        ({"buckets": {"item": (1.0,)}}, r"split.buckets: 'item' is no number\.", "age, price"),
    ],
)
def test_a_name_that_is_not_there(asked: Any, says: str, hint: str, frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        split(tmp_path / "s", frame, **asked)
    assert refused.value.hint == f"There are: {hint}."


def test_numbers_of_a_data_set_without_any(frame: pd.DataFrame, tmp_path: Path) -> None:
    layout = Layout(tasks=LAYOUT.tasks, categorical=("item",))
    with pytest.raises(ConfigError, match="'age' is no number") as refused:
        split(tmp_path / "s", frame, layout, buckets={"age": 2})
    assert refused.value.hint == "There are: none."


@pytest.mark.parametrize(
    "bounds",
    [
        [],
        [2, 1],
        [1, 1],
        [1.0, float("nan")],
        [float("-inf"), 0],
        [0, float("inf")],
        [1, "2"],
        [True],
        [10**400],
        [[1]],
    ],
    ids=str,
)
def test_bounds_that_are_none(bounds: list[Any]) -> None:
    with pytest.raises(ValidationError, match="bounds are finite numbers that ascend"):
        RandomSplit(name="random", buckets={"age": bounds})


@pytest.mark.parametrize("count", [0, 1, -3, 65_537, 2.0, True, "4", None], ids=str)
def test_a_number_of_buckets_that_is_none(count: Any) -> None:
    with pytest.raises(ValidationError, match=r"a list of bounds, or how many buckets to make: 2 to 65,536"):
        RandomSplit(name="random", buckets={"age": count})


@pytest.mark.parametrize("count", [0, -1, 2**30 + 1, 2.0, True, "4", None], ids=str)
def test_a_size_of_a_hash_that_is_none(count: Any) -> None:
    with pytest.raises(ValidationError, match=r"hashing\.item"):
        RandomSplit(name="random", hashing={"item": count})


# how it is extended


def test_an_extended_split_keeps_its_buckets(made: tuple[Path, Schema], tmp_path: Path) -> None:
    out, schema = made
    dearer = some_rows(seed=1, price=9.0)
    tuesday = split(tmp_path / "tuesday", dearer, base=Fitted.load(out, schema), **ASKED)
    for table in ("item", "age", "price"):
        name = f"vocabulary/{table}.parquet"
        assert (tuesday[0] / name).read_bytes() == (out / name).read_bytes()
    assert tuesday[1].tables == schema.tables
    assert encoded(tuesday)["id:item"].tolist() == [hashed(text) for text in dearer["item"]]
    counts = encoded(tuesday)["id:price"].value_counts()
    assert counts[FIRST_ID + 3] > 0.8 * counts[counts.index >= FIRST_ID].sum(), "the bounds are yesterday's"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hashing": {"item": 51}}, "'item' are those of 50 hash buckets in .* and those of 51 hash buckets here"),
        ({"hashing": {}}, "'item' are those of 50 hash buckets in .* and those of fitted values here"),
        (
            {"hashing": {"item": 50, "city": 9}},
            "'city' are those of fitted values in .* and those of 9 hash buckets here",
        ),
        (
            {"buckets": {"age": (20, 26), "price": 4}},
            r"between the bounds 20.0, 25.0 in .* between the bounds 20.0, 26.0",
        ),
        (
            {"buckets": {"age": (20, 25), "price": 5}},
            "'price' are those of 4 quantile buckets in .* of 5 quantile buckets",
        ),
        ({"buckets": {"age": 3, "price": 4}}, "'age' are those of buckets between .* of 3 quantile buckets here"),
        (
            {"buckets": {"age": (20, 25)}},
            "'price' are those of 4 quantile buckets in .* and those of fitted values here",
        ),
    ],
)
def test_ids_of_another_kind_do_not_extend(
    change: Any, says: str, made: tuple[Path, Schema], frame: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        split(tmp_path / "s", frame, base=Fitted.load(*made), **(ASKED | change))
    assert refused.value.hint == "Make a split of its own, without --extend."
