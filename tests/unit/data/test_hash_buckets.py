"""A text's id comes from its hash alone: BLAKE2b of 8 bytes, big-endian, modulo the number of buckets."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from recmtl.artifacts.tables import read_table
from recmtl.data.vocabulary import HashBuckets
from recmtl.schema import FIRST_ID, MISSING

HASHES = {
    "": "e4a6a0577479b2b4",
    "a": "40f89e395b66422f",
    "item_1": "8bebdeb08c34b17c",
    "数": "049e346d4224b63d",
    "user 42": "adfb15e8c4e63348",
}
"""As `printf %s TEXT | b2sum -l 64` prints them."""


def ids(buckets: int, values: list[str | None]) -> list[int]:
    encoded = HashBuckets(buckets).encode(pa.array(values, pa.string()))
    assert isinstance(encoded, pa.Array) and encoded.type == pa.int32() and encoded.null_count == 0
    return encoded.to_pylist()


def test_ids_are_those_of_another_program_s_hash() -> None:
    # modulo 256 the last two digits are left: b4, 2f, 7c, 3d, 48
    assert ids(256, list(HASHES)) == [FIRST_ID + rest for rest in (180, 47, 124, 61, 72)]
    # the others worked out with bc
    assert ids(1000, list(HASHES)) == [FIRST_ID + rest for rest in (876, 343, 180, 213, 296)]
    assert ids(999_999, list(HASHES)) == [FIRST_ID + rest for rest in (330_183, 846_848, 984_233, 176_312, 538_142)]


def test_null_is_missing_and_the_empty_text_is_a_text() -> None:
    assert ids(256, [None, "", None, "a"]) == [MISSING, FIRST_ID + 180, MISSING, FIRST_ID + 47]
    assert ids(256, [None, None]) == [MISSING, MISSING]
    assert ids(256, []) == []


def test_one_bucket_holds_all_texts() -> None:
    assert ids(1, ["a", "b", None]) == [FIRST_ID, FIRST_ID, MISSING]


def test_the_largest_bucket_fits_an_id() -> None:
    found = ids(2**30, ["a", "item_1"])
    assert found == [FIRST_ID + int(HASHES[text], 16) % 2**30 for text in ("a", "item_1")]


def test_a_slice_has_the_ids_of_its_own_rows() -> None:
    values = pa.array(["a", None, "item_1", "数", "a"])
    found = HashBuckets(256).encode(values.slice(1, 3))
    assert found.to_pylist() == [MISSING, FIRST_ID + 124, FIRST_ID + 61]


def test_texts_spread_evenly_over_the_buckets() -> None:
    found = Counter(ids(100, [f"item {i}" for i in range(100_000)]))
    assert set(found) == set(range(FIRST_ID, FIRST_ID + 100))
    assert all(850 < count < 1150 for count in found.values()), "1,000 each, give or take five deviations"


def test_lists_are_hashed_item_by_item() -> None:
    lists = pa.array([["skipped"], ["a", None, "数"], None, [], ["a"]], pa.list_(pa.string())).slice(1)
    encoded = HashBuckets(256).encode_lists(lists)
    assert encoded.type == pa.list_(pa.int32())
    assert encoded.to_pylist() == [[FIRST_ID + 47, MISSING, FIRST_ID + 61], [], [], [FIRST_ID + 47]]
    assert len(encoded.values) == 4


@pytest.mark.parametrize("buckets", [1, 2, 100_000, 2**30])
def test_the_file_tells_the_number_of_buckets(tmp_path: Path, buckets: int) -> None:
    HashBuckets(buckets).save(tmp_path / "v.parquet")
    assert read_table(tmp_path / "v.parquet").to_pylist() == [{"buckets": buckets}]
    assert HashBuckets.load(tmp_path / "v.parquet") == HashBuckets(buckets)
    assert HashBuckets(buckets).rows == buckets + FIRST_ID
