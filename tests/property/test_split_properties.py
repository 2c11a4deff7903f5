"""For any rows: a split holds each exactly once and gives back what was in it; parts have the sizes that were asked."""

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import torch
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from raw_rows import make_raw_rows

from recmtl.artifacts.tables import read_table
from recmtl.data.folders import domain_folder, vocabulary_file
from recmtl.data.layout import DOMAIN, Layout
from recmtl.data.loader import load_columns, load_part
from recmtl.data.policies import PARTS, GroupSplit, RandomSplit
from recmtl.data.split import build_split
from recmtl.errors import DataError
from recmtl.schema import MISSING, UNSEEN, Schema, Task
from recmtl.testing.table_dataset import TableDataset

torch.set_num_threads(1)

LAYOUT = Layout(
    tasks=(Task(name="click", kind="binary"), Task(name="spent", kind="regression")),
    categorical=("city",),
    numbers=("age",),
    sequences=("tags",),
    tables={"tags": "city"},
    domain="home",
    keys={"user": "city"},
)
# few different texts, or every one would be unseen
TEXTS = st.one_of(st.sampled_from(["a", "b", "A", "", " a", "a\0", "数", "\U0001f600"]), st.text(max_size=8))
NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 0.1, 16_777_217.0, 3.4e38, -3.4e38]),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(min_value=-1e6, max_value=1e6),
)
DOMAINS = st.text(min_size=1, max_size=128).filter(lambda name: name != "all")


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Any]]:
    size = draw(st.integers(12, 40))
    homes = draw(st.lists(DOMAINS, min_size=1, max_size=4))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))

    return {
        "row": draw(st.permutations(range(size))),
        "home": column(st.sampled_from(homes)),
        "city": column(st.none() | TEXTS),
        "age": column(st.none() | NUMBERS),
        "tags": column(st.none() | st.lists(st.none() | TEXTS, max_size=3)),
        "click": column(st.sampled_from([0.0, 1.0, None])),
        "spent": column(st.none() | st.floats(min_value=-1e12, max_value=1e12)),
    }


def split(rows: dict[str, list[Any]], out: Path, policy: RandomSplit) -> Schema:
    kinds = {
        "row": pa.int64(),
        "age": pa.float64(),
        "click": pa.float64(),
        "spent": pa.float64(),
        "tags": pa.list_(pa.string()),
    }
    table = pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in rows.items()})
    try:
        return build_split(TableDataset(name="made_up", rows=table, columns=LAYOUT), policy, out, out)
    except DataError as error:
        if any(reason in error.message for reason in ("stays empty", "nothing to learn", "in no training row")):
            reject()
        raise


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 9), st.integers(1, 3))
def test_a_split_gives_back_every_row(rows: dict[str, list[Any]], seed: int, min_count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        schema = split(rows, out, RandomSplit(seed=seed, min_count=min_count, shares=(0.5, 0.25, 0.25)))
        assert Schema.model_validate_json((out / "schema.json").read_bytes()) == schema
        cities, ages = (vocabulary(out, table) for table in ("city", "age"))
        known = set(cities.values())
        seen: list[int] = []
        for part in PARTS:
            numbers = load_columns(out, schema, part, ["row"])["row"].to_pylist()
            batch = load_part(out, schema, part).batch
            seen += numbers
            raw = [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
            by_row = {row["row"]: row for row in raw}
            for position, number in enumerate(numbers):
                row = by_row[number]
                assert schema.domains[batch.domain_B[position]] == row["home"]
                assert batch.ids_BF[position].tolist() == [id_of(row["city"], cities), id_of(row["age"], ages)]
                same_number(batch.numbers_BN[position, 0], row["age"])
                start, end = batch.sequences[0].offsets[position : position + 2].tolist()
                assert batch.sequences[0].values_L[start:end].tolist() == [
                    id_of(tag, cities) for tag in row["tags"] or []
                ]
                for task, name in enumerate(("click", "spent")):
                    assert batch.observed_BT[position, task].item() is (row[name] is not None)
                    same_number(batch.labels_BT[position, task], row[name] or 0.0)
            if part == "train":
                held = [
                    id_ for id_ in batch.ids_BF[:, 0].tolist() + batch.sequences[0].values_L.tolist() if id_ > UNSEEN
                ]
                assert set(held) == known
                assert all(held.count(id_) >= min_count for id_ in known)
        assert sorted(seen) == sorted(rows["row"])


def vocabulary(out: Path, table: str) -> dict[Any, int]:
    found = read_table(out / "vocabulary" / vocabulary_file(table))
    return dict(zip(found["value"].to_pylist(), found["id"].to_pylist(), strict=True))


def id_of(value: Any, ids: dict[Any, int]) -> int:
    return MISSING if value is None else ids.get(value, UNSEEN)


def same_number(found: torch.Tensor, expected: float | None) -> None:
    if expected is None:
        assert found.isnan()
    else:
        assert found.item() == np.float32(expected)


@settings(max_examples=200, deadline=None)
@given(DOMAINS, DOMAINS)
@example("a/b", "a%2Fb")
@example("数" * 100, "数" * 99)
@example("数" * 50 + "a", "数" * 50 + "b")
def test_two_domains_never_share_a_folder_and_any_fits_a_file_system(one: str, other: str) -> None:
    names = domain_folder(one), domain_folder(other)
    assert (names[0] == names[1]) is (one == other)
    for name in names:
        assert name.startswith("domain=")
        assert not set(name) & set('/\\\0:*?"<>|')
        assert len(name.encode()) <= 255


@st.composite
def shares(draw: st.DrawFn) -> tuple[float, float, float]:
    weights = draw(st.tuples(st.integers(1, 100), st.integers(0, 100), st.integers(0, 100)))
    train, valid, test = (weight / sum(weights) for weight in weights)
    return train, valid, test


def dealt(policy: RandomSplit | GroupSplit, columns: dict[str, list[Any]]) -> dict[int, str]:
    table = pa.table(
        {
            "row": pa.array(columns["row"], pa.int64()),
            **{k: pa.array(v, pa.string()) for k, v in columns.items() if k != "row"},
        }
    )
    layout = Layout(tasks=LAYOUT.tasks, keys={"group": "session"})
    with duckdb.connect(config={"threads": 1}) as connection:
        make_raw_rows(connection, table, layout, policy.seed)
        found = connection.execute(policy.query(layout)).fetchall()
    assert sorted(row for row, _ in found) == sorted(columns["row"])
    return dict(found)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), shares(), st.integers(0, 2**40))
def test_random_deals_each_domain_by_its_shares(sizes: list[int], asked: tuple[float, float, float], seed: int) -> None:
    homes = [f"d{i}" for i, size in enumerate(sizes) for _ in range(size)]
    parts = dealt(RandomSplit(shares=asked, seed=seed), {"row": list(range(len(homes))), DOMAIN: homes})
    for i, size in enumerate(sizes):
        inside = [parts[row] for row, home in enumerate(homes) if home == f"d{i}"]
        for part, share in zip(PARTS, asked, strict=True):
            assert abs(inside.count(part) - size * share) <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | st.sampled_from("abcdefg1"), min_size=1, max_size=80), shares(), st.integers(0, 2**40))
def test_group_tears_no_group_and_misses_by_no_more_than_one(
    sessions: list[str | None], asked: tuple[float, float, float], seed: int
) -> None:
    size = len(sessions)
    columns = {"row": list(range(size)), DOMAIN: ["x"] * size, "session": sessions}
    parts = dealt(GroupSplit(shares=asked, seed=seed), columns)
    for session in set(sessions) - {None}:
        assert len({parts[row] for row in range(size) if sessions[row] == session}) == 1
    longest = max([1, *(sessions.count(session) for session in set(sessions) - {None})])
    for part, share in zip(PARTS, asked, strict=True):
        assert abs(list(parts.values()).count(part) - size * share) <= longest
