"""A split as a whole: its folders and files, what they hold, and that nothing but the rows and the seed decides it."""

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from recmtl.artifacts.tables import read_table
from recmtl.data.encoding import BATCH_ROWS
from recmtl.data.folders import domain_folder, vocabulary_file
from recmtl.data.layout import Layout
from recmtl.data.loader import load_columns, load_part
from recmtl.data.policies import (
    PARTS,
    FilesSplit,
    GroupSplit,
    RandomSplit,
    SplitConfig,
)
from recmtl.data.split import build_split
from recmtl.errors import DamagedError
from recmtl.schema import FIRST_ID, MISSING, UNSEEN, NumberFeature, Schema, Score, Task
from recmtl.testing.table_dataset import TableDataset

torch.set_num_threads(1)

LAYOUT = Layout(
    tasks=(
        Task(name="click", kind="binary"),
        Task(name="watched", kind="regression", observed_if="click = 1", bounds=(0.0, 1.0)),
    ),
    categorical=("Domain", "city", 'it\'s "odd" 数'),
    numbers=("age", "price"),
    sequences=("tags",),
    tables={"tags": "city"},
    domain="Domain",
    keys={"user": "person", "group": "session"},
    scores=(Score(name="pctr", task="click"),),
)
ODD_DOMAINS = ["a/b", "%2F", " ", "..", ".hidden", "数" * 60, "x" * 128, "a=b", "it's", "A", "a", "\n", "é", "e\u0301"]


def some_rows(size: int, domains: list[str], seed: int = 0) -> pa.Table:
    chance = np.random.default_rng(seed)

    def maybe(values: Any, share: float) -> list[Any]:
        return [None if gone else value for value, gone in zip(values, chance.random(size) < share, strict=True)]

    cities = [f"city {i}" for i in range(20)]
    click = chance.integers(0, 2, size).astype(float)
    watched = np.round(chance.random(size), 3)
    return pa.table(
        {
            "row": pa.array(chance.permutation(size) + 1, pa.int64()),
            "Domain": pa.array([domains[i] for i in chance.integers(0, len(domains), size)]),
            "city": pa.array(maybe(chance.choice(cities, size), 0.1), pa.string()),
            'it\'s "odd" 数': pa.array(maybe(chance.choice(["'", '"', ";", "数"], size), 0.1), pa.string()),
            "age": pa.array(maybe(chance.integers(18, 30, size).astype(float), 0.2), pa.float64()),
            "price": pa.array(chance.lognormal(size=size), pa.float64()),
            "tags": pa.array(
                maybe([chance.choice(cities, n).tolist() for n in chance.integers(0, 4, size)], 0.1),
                pa.list_(pa.string()),
            ),
            "click": pa.array(click),
            "watched": pa.array([w if c else None for c, w in zip(click, watched, strict=True)], pa.float64()),
            "person": pa.array([f"u{i}" for i in chance.integers(0, size // 3 + 1, size)]),
            "session": pa.array(maybe([f"s{i}" for i in chance.integers(0, size // 4 + 1, size)], 0.1), pa.string()),
            "pctr": pa.array(maybe(chance.random(size), 0.1), pa.float64()),
        }
    )


def split(out: Path, rows: pa.Table, policy: SplitConfig, layout: Layout = LAYOUT, threads: int = 2) -> Schema:
    out.mkdir(parents=True)
    return build_split(TableDataset(name="made_up", rows=rows, columns=layout, threads=threads), policy, out, out)


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    return some_rows(3000, ODD_DOMAINS)


@pytest.fixture(scope="module")
def made(rows: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Schema]:
    out = tmp_path_factory.mktemp("splits") / "made"
    return out, split(out, rows, RandomSplit(min_count=2, max_distinct=50, knots=8))


# what is on the disk


def test_the_folders_and_files_are_those_of_the_design(made: tuple[Path, Schema]) -> None:
    out, schema = made
    assert {path.name for path in out.iterdir()} == {"schema.json", "profile.json", "vocabulary", *PARTS}
    for part in PARTS:
        folders = {path.name for path in (out / part).iterdir()}
        assert folders == {domain_folder(domain) for domain in schema.domains}
        assert all([path.name for path in (out / part / name).iterdir()] == ["part-0.parquet"] for name in folders)
    assert {path.name for path in (out / "vocabulary").iterdir()} == {vocabulary_file(table) for table in schema.tables}
    assert all(len(path.name.encode()) <= 255 for path in out.rglob("*"))
    assert not [
        path for path in out.rglob("*") if path.is_symlink() or not path.resolve().is_relative_to(out.resolve())
    ]


def test_domains_are_named_in_their_folders_as_hive_does(made: tuple[Path, Schema]) -> None:
    assert made[1].domains == tuple(sorted(ODD_DOMAINS, key=str.encode))
    assert domain_folder("a/b") == "domain=a%2Fb"
    assert domain_folder("%2F") == "domain=%252F"
    assert domain_folder("..") == "domain=.."
    for domain in ODD_DOMAINS:
        name = domain_folder(domain)
        assert "/" not in name
        assert "\\" not in name
        assert name.isascii()
        assert len(name) <= 210
        if domain != "数" * 60:
            assert unquote(name) == f"domain={domain}"


def test_long_names_are_told_apart() -> None:
    long = "数" * 60
    names = {domain_folder(long + end) for end in ("", "a", "b", "数")}
    assert len(names) == 4
    assert len({vocabulary_file(long + end) for end in ("a", "b")}) == 2


def test_the_schema_on_the_disk_is_the_one_that_is_returned(made: tuple[Path, Schema]) -> None:
    out, schema = made
    assert Schema.model_validate_json((out / "schema.json").read_bytes()) == schema
    assert [feature.name for feature in schema.features] == ["Domain", "city", 'it\'s "odd" 数', "age", "price", "tags"]
    assert schema.keys == ("user", "group")
    assert (schema.domain_column, schema.dataset, schema.knots) == ("Domain", "made_up", 8)
    assert set(schema.tables) == {"Domain", "city", 'it\'s "odd" 数', "age", "price"}


def test_the_columns_and_types_are_those_of_the_schema(made: tuple[Path, Schema]) -> None:
    out, schema = made
    expected = {"row": pa.int64()}
    for feature in schema.features:
        expected[feature.column] = pa.list_(pa.int32()) if feature.kind == "sequence" else pa.int32()
        if isinstance(feature, NumberFeature):
            expected[feature.value_column] = pa.float32()
    expected |= {task.column: pa.float32() for task in schema.tasks}
    expected |= {"key:user": pa.string(), "key:group": pa.string(), "score:pctr": pa.float32()}
    for path in out.glob("*/*/part-0.parquet"):
        found = pq.read_schema(path)
        assert list(found.names) == list(expected)
        assert [found.field(name).type for name in found.names] == list(expected.values())
        assert not found.metadata


def test_every_row_is_there_exactly_once(made: tuple[Path, Schema], rows: pa.Table) -> None:
    out, schema = made
    seen: list[int] = []
    for part in PARTS:
        for domain in schema.domains:
            found = read_table(out / part / domain_folder(domain) / "part-0.parquet", ["row"])["row"].to_pylist()
            seen += found
    assert sorted(seen) == list(range(1, len(rows) + 1))


def test_row_groups_are_bounded_and_pages_have_checksums(tmp_path: Path) -> None:
    rows = some_rows(40_000, ["one", "two"]).select(["row", "Domain", "city", "click"])
    layout = Layout(tasks=LAYOUT.tasks[:1], categorical=("city",), domain="Domain")
    schema = split(tmp_path / "s", rows, RandomSplit(shares=(0.9, 0.05, 0.05)), layout)
    path = tmp_path / "s" / "train" / domain_folder("one") / "part-0.parquet"
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    assert sizes[0] == 16_384
    assert len(sizes) == 2
    assert load_part(tmp_path / "s", schema, "train").group_sizes[:2] == tuple(sizes)
    data = bytearray(path.read_bytes())
    column = file.metadata.row_group(0).column(1)
    data[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="is damaged"):
        load_part(tmp_path / "s", schema, "train")


def test_more_rows_than_one_batch_of_duckdb(tmp_path: Path) -> None:
    size = BATCH_ROWS + 30_000
    chance = np.random.default_rng(1)
    rows = pa.table(
        {
            "row": np.arange(1, size + 1),
            "c": chance.integers(0, 9, size).astype(str),
            "click": chance.integers(0, 2, size) * 1.0,
        }
    )
    layout = Layout(tasks=LAYOUT.tasks[:1], categorical=("c",))
    schema = split(tmp_path / "s", rows, RandomSplit(shares=(0.98, 0.01, 0.01)), layout)
    assert schema.domains == ("made_up",)
    found = load_columns(tmp_path / "s", schema, "train", ["row", "id:c"])
    values = read_table(tmp_path / "s" / "vocabulary" / "c.parquet")["value"].to_pylist()
    np.testing.assert_array_equal(
        np.array(values)[found["id:c"].to_numpy() - FIRST_ID], rows["c"].to_numpy()[found["row"].to_numpy() - 1]
    )
    assert len({*found["row"].to_pylist()}) == len(found)


# what decides it


@pytest.mark.parametrize(
    "policy", [RandomSplit(seed=1, min_count=2), GroupSplit(seed=1), GroupSplit(by="user", max_distinct=0)], ids=repr
)
def test_the_same_bytes_on_any_number_of_threads_in_any_order(
    rows: pa.Table, tmp_path: Path, policy: SplitConfig
) -> None:
    split(tmp_path / "first", rows, policy, threads=1)
    first = contents(tmp_path / "first")
    order = np.random.default_rng(3).permutation(len(rows))
    for i, (given, threads) in enumerate([(rows, 1), (rows, 4), (rows.take(order), 4), (rows.take(order), 1)]):
        split(tmp_path / str(i), given, policy, threads=threads)
        assert contents(tmp_path / str(i)) == first


def test_another_seed_gives_another_split(made: tuple[Path, Schema], rows: pa.Table, tmp_path: Path) -> None:
    split(tmp_path / "other", rows, RandomSplit(seed=5, min_count=2, max_distinct=50, knots=8))
    assert contents(tmp_path / "other") != contents(made[0])


# what is in it


def raw_part(out: Path, schema: Schema, part: str, rows: pa.Table) -> pd.DataFrame:
    """The raw rows of a part, in its order."""
    numbers = load_columns(out, schema, part, ["row"])["row"].to_pandas()
    return rows.to_pandas().set_index("row").loc[numbers]


def values_of(out: Path, table: str) -> dict[Any, int]:
    found = read_table(out / "vocabulary" / vocabulary_file(table))
    return dict(zip(found["value"].to_pylist(), found["id"].to_pylist(), strict=True))


def ids_of(values: pd.Series, vocabulary: dict[Any, int]) -> list[int]:
    return [MISSING if pd.isna(value) else vocabulary.get(value, UNSEEN) for value in values]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_gives_back_the_raw_values(made: tuple[Path, Schema], rows: pa.Table, part: str) -> None:
    out, schema = made
    loaded, raw = load_part(out, schema, part).batch, raw_part(out, schema, part, rows)
    assert [schema.domains[i] for i in loaded.domain_B.tolist()] == raw["Domain"].tolist()
    for position, feature in enumerate(schema.singles):
        assert loaded.ids_BF[:, position].tolist() == ids_of(raw[feature.name], values_of(out, feature.table)), (
            feature.name
        )
    cities, tags = values_of(out, "city"), loaded.sequences[0]
    lists = [[] if value is None else list(value) for value in raw["tags"]]
    assert tags.values_L.tolist() == [cities.get(value, UNSEEN) for values in lists for value in values]
    assert tags.offsets.tolist() == np.cumsum([0, *map(len, lists)]).tolist()
    for position, name in enumerate(("age", "price")):
        np.testing.assert_array_equal(loaded.numbers_BN[:, position].numpy(), raw[name].to_numpy(np.float32))
    for position, name in enumerate(("click", "watched")):
        assert loaded.observed_BT[:, position].tolist() == raw[name].notna().tolist()
        np.testing.assert_array_equal(loaded.labels_BT[:, position].numpy(), raw[name].fillna(0).to_numpy(np.float32))


def test_keys_and_scores_lie_beside_the_rows(made: tuple[Path, Schema], rows: pa.Table) -> None:
    out, schema = made
    raw = raw_part(out, schema, "valid", rows)
    found = load_columns(out, schema, "valid", ["key:user", "key:group", "score:pctr"]).to_pandas()
    assert found["key:user"].tolist() == raw["person"].tolist()
    assert found["key:group"].isna().tolist() == raw["session"].isna().tolist()
    assert found["key:group"].dropna().tolist() == raw["session"].dropna().tolist()
    np.testing.assert_array_equal(found["score:pctr"].to_numpy(np.float32), raw["pctr"].to_numpy(np.float32))


def test_everything_is_fitted_on_the_training_rows_alone(made: tuple[Path, Schema], rows: pa.Table) -> None:
    out, schema = made
    raw = raw_part(out, schema, "train", rows)
    tags = raw["tags"].dropna().explode().dropna()
    cities = pd.concat([raw["city"].dropna(), tags]).value_counts()
    found = read_table(out / "vocabulary" / "city.parquet")
    assert (
        dict(zip(found["value"].to_pylist(), found["count"].to_pylist(), strict=True)) == cities[cities >= 2].to_dict()
    )
    assert schema.tables["city"] == len(found) + FIRST_ID
    ages = raw["age"].dropna().value_counts()
    assert set(values_of(out, "age")) == set(ages[ages >= 2].index)
    assert values_of(out, "price") == {}  # none comes twice
    assert schema.tables["price"] == FIRST_ID
    for feature in schema.numbers:
        expected = np.quantile(raw[feature.name].dropna().unique(), np.linspace(0, 1, 8))
        assert feature.knots == tuple(expected.tolist())
    for task in schema.tasks:
        labels = raw[task.name].dropna()
        assert task.mean == pytest.approx(labels.mean(), rel=1e-9)
        assert task.std == pytest.approx(labels.std(ddof=0), rel=1e-9)


@pytest.mark.parametrize(("max_distinct", "kept"), [(5, True), (4, False), (0, False)])
def test_a_number_of_many_values_is_no_category(tmp_path: Path, max_distinct: int, kept: bool) -> None:
    ages = [None if i % 7 == 0 else float(i % 5) for i in range(100)]
    rows = pa.table({"row": np.arange(1, 101), "age": ages, "click": np.arange(100) % 2 * 1.0})
    schema = split(
        tmp_path / "s", rows, RandomSplit(max_distinct=max_distinct), Layout(tasks=LAYOUT.tasks[:1], numbers=("age",))
    )
    assert schema.tables == {"age": FIRST_ID + 5 if kept else FIRST_ID}
    ids = set(load_part(tmp_path / "s", schema, "train").batch.ids_BF[:, 0].tolist())
    assert ids == ({MISSING, 3, 4, 5, 6, 7} if kept else {MISSING, UNSEEN})


def test_a_value_that_only_valid_or_test_holds_is_unseen(tmp_path: Path) -> None:
    size = 100
    part = ["test" if row > 80 else "train" for row in range(1, size + 1)]
    rows = pa.table(
        {
            "row": np.arange(1, size + 1),
            "part": part,
            "c": ["new" if p == "test" else "old" for p in part],
            "n": [99.0 if p == "test" else 1.0 for p in part],
            "s": [["new", "old"] if p == "test" else ["old"] for p in part],
            "click": np.arange(size) % 2 * 1.0,
        }
    )
    layout = Layout(tasks=LAYOUT.tasks[:1], categorical=("c",), numbers=("n",), sequences=("s",), ready_made=True)
    schema = split(tmp_path / "s", rows, FilesSplit(valid_share=0.25), layout)
    sizes = {part: len(load_part(tmp_path / "s", schema, part)) for part in PARTS}
    assert sizes == {"train": 60, "valid": 20, "test": 20}
    test = load_part(tmp_path / "s", schema, "test").batch
    assert test.ids_BF.unique().tolist() == [UNSEEN]
    assert test.sequences[0].values_L.tolist() == [UNSEEN, FIRST_ID] * 20
    assert schema.numbers[0].knots == (1.0,) * 32
    assert load_part(tmp_path / "s", schema, "valid").batch.ids_BF.unique().tolist() == [FIRST_ID]


def test_zero_and_minus_zero_are_one_number(tmp_path: Path) -> None:
    rows = pa.table(
        {"row": np.arange(1, 41), "n": [0.0, -0.0, 1.0, -0.0] * 10, "click": np.arange(40) % 2 * 1.0, "x": ["a"] * 40}
    )
    layout = Layout(tasks=LAYOUT.tasks[:1], categorical=("x",), numbers=("n",))
    seen = set()
    for i, order in enumerate([slice(None), slice(None, None, -1)]):
        table = rows.take(pa.array(np.arange(40)[order]))
        schema = split(tmp_path / str(i), table, RandomSplit(), layout, threads=1 + 3 * i)
        for part in PARTS:
            batch = load_part(tmp_path / str(i), schema, part).batch
            assert set(zip(batch.numbers_BN[:, 0].tolist(), batch.ids_BF[:, 1].tolist(), strict=True)) <= {
                (0.0, 3),
                (1.0, 4),
            }
            assert not torch.signbit(batch.numbers_BN).any()
        seen.add(json.dumps(contents(tmp_path / str(i))))
    assert len(seen) == 1


# its profile


def test_the_profile_counts_as_pandas_does(made: tuple[Path, Schema], rows: pa.Table) -> None:
    out, schema = made
    profile = json.loads((out / "profile.json").read_text())
    expected = []
    for part in sorted(PARTS):
        raw = raw_part(out, schema, part, rows)
        for domain in schema.domains:
            inside = raw[raw["Domain"] == domain]
            tasks = {
                name: {"observed": int(inside[name].count()), "mean": pytest.approx(inside[name].mean(), rel=1e-12)}
                for name in ("click", "watched")
            }
            expected.append({"part": part, "domain": domain, "rows": len(inside), "tasks": tasks})
    assert profile["cells"] == expected
    frame = rows.to_pandas()
    for name, entry in profile["features"].items():
        empty = frame[name].isna() if name != "tags" else frame[name].map(lambda v: v is None or len(v) == 0)
        assert entry["missing"] == pytest.approx(empty.mean(), abs=1e-12), name
    assert profile["features"]["tags"]["ids"] == schema.tables["city"]


def test_a_task_that_is_not_observed_in_a_cell_has_no_mean_there(tmp_path: Path) -> None:
    rows = some_rows(300, ["a", "b"])
    watched = [
        None if domain == "b" else value
        for domain, value in zip(rows["Domain"].to_pylist(), rows["watched"].to_pylist(), strict=True)
    ]
    rows = rows.set_column(rows.column_names.index("watched"), "watched", pa.array(watched, pa.float64()))
    split(tmp_path / "s", rows, RandomSplit())
    cells = json.loads((tmp_path / "s" / "profile.json").read_text())["cells"]
    found = {cell["domain"]: cell["tasks"]["watched"] for cell in cells if cell["part"] == "train"}
    assert found["b"] == {"observed": 0, "mean": None}
    assert found["a"]["observed"] > 0


# reading it


def test_a_domain_without_rows_in_a_part_has_no_file_there(tmp_path: Path) -> None:
    rows = some_rows(200, ["big"])
    domains = pa.array(["one" if row == 7 else "big" for row in rows["row"].to_pylist()])
    rows = rows.set_column(1, "Domain", domains)
    schema = split(tmp_path / "s", rows, RandomSplit())
    assert schema.domains == ("big", "one")
    assert [(tmp_path / "s" / part / "domain=one").exists() for part in PARTS] == [True, False, False]
    assert set(load_part(tmp_path / "s", schema, "test").batch.domain_B.tolist()) == {0}
    assert load_part(tmp_path / "s", schema, "train").batch.domain_B.tolist().count(1) == 1


@pytest.mark.parametrize(
    ("column", "bad"),
    [("id:city", 0), ("id:city", -1), ("id:city", 10**6), ("ids:tags", 0), ("ids:tags", 10**6), ("id:age", 2**31 - 1)],
)
def test_ids_outside_their_table_are_refused(rows: pa.Table, tmp_path: Path, column: str, bad: int) -> None:
    schema = split(tmp_path / "s", rows, RandomSplit())
    path = sorted((tmp_path / "s" / "valid").glob("*/part-0.parquet"))[0]
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[0] = [bad] if column.startswith("ids:") else bad
    position = table.column_names.index(column)
    pq.write_table(table.set_column(position, column, pa.array(values, table.schema.field(column).type)), path)
    with pytest.raises(DamagedError, match=rf"column {column} holds ids outside its table of \d+ rows"):
        load_part(tmp_path / "s", schema, "valid")
    assert len(load_part(tmp_path / "s", schema, "test"))


def test_a_null_id_is_refused(rows: pa.Table, tmp_path: Path) -> None:
    schema = split(tmp_path / "s", rows, RandomSplit())
    path = sorted((tmp_path / "s" / "valid").glob("*/part-0.parquet"))[0]
    table = pq.read_table(path)
    for name, nulls in (("id:city", [None] * len(table)), ("ids:tags", [[None]] * len(table))):
        position = table.column_names.index(name)
        pq.write_table(table.set_column(position, name, pa.array(nulls, table.schema.field(name).type)), path)
        with pytest.raises(DamagedError, match=f"column {name} holds ids outside"):
            load_part(tmp_path / "s", schema, "valid")


def test_a_part_or_a_column_that_is_gone_is_refused(rows: pa.Table, tmp_path: Path) -> None:
    schema = split(tmp_path / "s", rows, RandomSplit())
    (tmp_path / "s" / "valid").rename(tmp_path / "elsewhere")
    with pytest.raises(DamagedError, match="valid holds no rows"):
        load_part(tmp_path / "s", schema, "valid")
    with pytest.raises(DamagedError, match="has no column 'label:like'"):
        load_columns(tmp_path / "s", schema, "test", ["label:like"])
