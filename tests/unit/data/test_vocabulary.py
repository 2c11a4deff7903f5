"""Values to ids: what the training rows hold, most frequent first; null, unseen and odd values have their place."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from recmtl.artifacts.tables import read_table
from recmtl.data.vocabulary import FittedValues, fit_vocabulary
from recmtl.schema import FIRST_ID, MISSING, UNSEEN


def fitted(
    *columns: Sequence[Any], min_count: int = 1, kind: pa.DataType | None = None, threads: int = 1
) -> FittedValues:
    kind = kind or pa.string()
    with duckdb.connect(config={"threads": threads}) as connection:
        queries = []
        for i, values in enumerate(columns):
            connection.register(f"given{i}", pa.table({"value": pa.array(values, kind)}))
            queries.append(f"SELECT value, 1 AS n FROM given{i}")
        return fit_vocabulary(connection, queries, min_count)


def ids(vocabulary: FittedValues, values: Sequence[Any], kind: pa.DataType | None = None) -> list[int]:
    encoded = vocabulary.encode(pa.array(values, kind or pa.string()))
    assert encoded.type == pa.int32()
    assert encoded.null_count == 0
    return encoded.to_pylist()


ODD = [
    "",
    " ",
    "a",
    "A",
    "ä",
    "a\u0308",
    "数",
    "\U0001f600",
    "a\0b",
    "'",
    '"',
    "\n",
    "x" * 1_000_000,
    "x" * 999_999,
    "null",
]


def test_most_frequent_first_then_by_value() -> None:
    vocabulary = fitted(["b", "c", "a", "c", None, "d", "b", "c", None, "d"])
    assert vocabulary.values.to_pylist() == ["c", "b", "d", "a"]
    assert vocabulary.counts.to_pylist() == [3, 2, 2, 1]
    assert ids(vocabulary, ["c", "b", "d", "a"]) == [3, 4, 5, 6]
    assert vocabulary.rows == 7


def test_null_is_missing_and_what_training_did_not_hold_is_unseen() -> None:
    assert (MISSING, UNSEEN, FIRST_ID) == (1, 2, 3)
    assert ids(fitted(["a"]), [None, "z", "a", "A", ""]) == [1, 2, 3, 2, 2]


def test_the_order_does_not_depend_on_rows_or_threads() -> None:
    values = [f"v{i % 997}" for i in range(20_000)]
    first = fitted(values, threads=1)
    assert fitted(values[::-1], threads=4).values.equals(first.values)
    counts = Counter(values)
    assert first.values.to_pylist() == sorted(counts, key=lambda value: (-counts[value], value.encode()))


def test_ties_are_in_the_order_of_utf8() -> None:
    assert fitted(ODD, threads=4).values.to_pylist() == sorted(ODD, key=str.encode)


def test_odd_texts_are_told_apart() -> None:
    vocabulary = fitted(ODD)
    assert sorted(ids(vocabulary, ODD)) == list(range(FIRST_ID, FIRST_ID + len(ODD)))
    assert ids(vocabulary, ["a\0c", "a\0", "x" * 999_998, "NULL", "  "]) == [UNSEEN] * 5


@pytest.mark.parametrize(("min_count", "kept"), [(1, ["c", "b", "a"]), (2, ["c", "b"]), (3, ["c"]), (4, [])])
def test_rarer_than_min_count_is_unseen(min_count: int, kept: list[str]) -> None:
    vocabulary = fitted(list("cccbba"), min_count=min_count)
    assert vocabulary.values.to_pylist() == kept
    assert [id_ == UNSEEN for id_ in ids(vocabulary, list("cba"))] == [value not in kept for value in "cba"]


def test_features_that_share_a_table_are_counted_together() -> None:
    vocabulary = fitted(["a", "b", "b"], ["a", "a", "c", "c", "c"], min_count=2)
    assert dict(zip(vocabulary.values.to_pylist(), vocabulary.counts.to_pylist(), strict=True)) == {
        "a": 3,
        "b": 2,
        "c": 3,
    }


@pytest.mark.parametrize("values", [[], [None, None]])
def test_an_empty_vocabulary_knows_missing_and_unseen(values: list[None]) -> None:
    vocabulary = fitted(values)
    assert vocabulary.rows == FIRST_ID
    assert ids(vocabulary, [None, "a"]) == [MISSING, UNSEEN]
    assert ids(vocabulary, []) == []


def test_numbers_are_looked_up_as_they_are() -> None:
    values = [0.1 + 0.2, 0.3, 1e300, 5e-324, -1.0, 0.0]
    vocabulary = fitted(values, kind=pa.float64())
    assert sorted(ids(vocabulary, values, pa.float64())) == list(range(3, 9))
    assert ids(vocabulary, [0.30000000000000001, 1.0, None], pa.float64()) == [
        ids(vocabulary, [0.3], pa.float64())[0],
        2,
        1,
    ]


# lists

LISTS = pa.list_(pa.string())


def test_lists_of_any_length() -> None:
    vocabulary = fitted(["a", "a", "b"])
    lists = pa.array([["a", "b", "z"], [], None, ["b"], [None, "a"]], LISTS)
    encoded = vocabulary.encode_lists(lists)
    assert encoded.type == pa.list_(pa.int32())
    assert encoded.to_pylist() == [[3, 4, 2], [], [], [4], [1, 3]]


@pytest.mark.parametrize(("start", "length"), [(0, 2), (1, 3), (3, 2), (4, 1), (2, 0), (5, 0)])
@pytest.mark.parametrize("second", [None, ["b", "b", "b"]])
def test_a_slice_of_lists_gives_its_own_rows(start: int, length: int, second: list[str] | None) -> None:
    whole = [["a", "b"], second, ["z"], [], ["b", "a", None]]
    vocabulary = fitted(["a", "a", "b"])
    expected = vocabulary.encode_lists(pa.array(whole, LISTS)).to_pylist()[start : start + length]
    encoded = vocabulary.encode_lists(pa.array(whole, LISTS).slice(start, length))
    encoded.validate(full=True)
    assert encoded.to_pylist() == expected
    assert len(encoded.values) == sum(map(len, expected))  # no other row's values are carried along


def test_no_lists_at_all() -> None:
    assert fitted(["a"]).encode_lists(pa.array([], LISTS)).to_pylist() == []


# the file


def test_the_file_tells_value_count_and_id(tmp_path: Path) -> None:
    vocabulary = fitted(["b", "数", "数"])
    vocabulary.save(tmp_path / "v.parquet")
    assert read_table(tmp_path / "v.parquet").to_pylist() == [
        {"value": "数", "count": 2, "id": 3},
        {"value": "b", "count": 1, "id": 4},
    ]
    fitted([]).save(tmp_path / "empty.parquet")
    assert len(read_table(tmp_path / "empty.parquet")) == 0
