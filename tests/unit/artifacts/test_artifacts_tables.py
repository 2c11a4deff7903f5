"""Parquet files: what goes in comes out, the same rows are the same bytes, and absent things are named."""

import math
import os
import subprocess
import sys
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recmtl.artifacts.tables import TableWriter, read_row_groups, read_schema, read_table, row_group_sizes
from recmtl.errors import DamagedError, DataError, MissingError

SCHEMA = pa.schema(
    [
        pa.field("user", pa.int64(), nullable=False),
        pa.field("score", pa.float32()),
        pa.field("name", pa.string()),
        pa.field("history", pa.list_(pa.int32())),
    ]
)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.integers(-(2**63), 2**63 - 1),
            "score": st.none() | st.floats(width=32, allow_nan=False),
            "name": st.none() | st.text(max_size=4),
            "history": st.none() | st.lists(st.integers(0, 9), max_size=3),
        }
    ),
    max_size=40,
)


def numbers(count, start=0):
    return pa.table({"a": pa.array(range(start, start + count), pa.int64())})


def write(path, *tables, schema=None, **options):
    with TableWriter(path, schema or tables[0].schema, **options) as writer:
        for table in tables:
            writer.write(table)
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, cuts=st.lists(st.integers(0, 40), max_size=4), group=st.integers(1, 16))
def test_the_same_rows_are_the_same_bytes_however_they_are_cut(tmp_path, rows, cuts, group):
    whole = pa.Table.from_pylist(rows, SCHEMA)
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    parts = [whole.slice(a, b - a) for a, b in pairwise(edges)]
    separate = [pa.Table.from_pylist(rows[a:b], SCHEMA) for a, b in pairwise(edges)]
    one = write(tmp_path / "one", whole, row_group_rows=group)
    cut = write(tmp_path / "cut", *parts, schema=SCHEMA, row_group_rows=group)
    own = write(tmp_path / "own", *separate, schema=SCHEMA, row_group_rows=group)
    assert one.read_bytes() == cut.read_bytes() == own.read_bytes()
    assert read_table(one).to_pylist() == rows
    sizes = row_group_sizes(one)
    assert sizes == [group] * (len(rows) // group) + [len(rows) % group] * (len(rows) % group > 0)


def test_row_groups_of_the_size_asked_for(tmp_path):
    path = write(tmp_path / "x", numbers(5), numbers(40_000, 5), numbers(1, 40_005))
    assert row_group_sizes(path) == [16384, 16384, 40_006 - 2 * 16384]
    assert read_table(path).column("a").to_pylist() == list(range(40_006))


def test_record_batches_and_numbers_that_fit_are_taken(tmp_path):
    batch = pa.record_batch({"a": pa.array([1, 2], pa.int64())})
    with TableWriter(tmp_path / "x", pa.schema([("a", pa.int8())])) as writer:
        writer.write(batch)
    assert read_table(tmp_path / "x") == pa.table({"a": pa.array([1, 2], pa.int8())})


def test_no_rows_are_a_file_too(tmp_path):
    path = write(tmp_path / "x", schema=SCHEMA)
    assert row_group_sizes(path) == []
    assert read_table(path).num_rows == 0
    assert read_schema(path).names == SCHEMA.names


def test_metadata_in_any_order_is_the_same_file(tmp_path):
    one = write(tmp_path / "one", numbers(3), metadata={"b": "ä", "a": "1"})
    other = write(tmp_path / "other", numbers(3), metadata={"a": "1", "b": "ä"})
    assert one.read_bytes() == other.read_bytes()
    assert read_schema(one).metadata == {b"a": b"1", b"b": "ä".encode()}


def test_a_tables_own_metadata_does_not_leak_in(tmp_path):
    noisy = numbers(3).replace_schema_metadata({"pandas": "{}"})
    assert (
        write(tmp_path / "a", noisy, schema=numbers(0).schema).read_bytes()
        == write(tmp_path / "b", numbers(3)).read_bytes()
    )


def test_nan_infinity_and_null_stay_apart(tmp_path):
    path = write(tmp_path / "x", pa.table({"a": pa.array([math.nan, math.inf, None, -0.0])}))
    nan, infinity, null, zero = read_table(path).column("a").to_pylist()
    assert math.isnan(nan)
    assert infinity == math.inf
    assert null is None
    assert math.copysign(1, zero) == -1


def test_columns_and_row_groups_in_the_order_asked_for(tmp_path):
    table = pa.table({"a": [1, 2, 3], "b": [4, 5, 6], "c": [7, 8, 9]})
    path = write(tmp_path / "x", table, row_group_rows=1)
    assert read_table(path, ["c", "a"]) == table.select(["c", "a"])
    assert [one.to_pylist() for one in read_row_groups(path, [2, 0], ["b"])] == [[{"b": 6}], [{"b": 4}]]
    assert [one.to_pylist() for one in read_row_groups(path, [1])] == [[{"a": 2, "b": 5, "c": 8}]]


def test_every_page_has_a_checksum_that_other_readers_know(tmp_path):
    path = write(tmp_path / "x", pa.table({"a": [os.urandom(8) for _ in range(1000)]}))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(pa.BufferReader(bytes(data)), page_checksum_verification=True)


def test_absent_things_are_named(tmp_path):
    path = write(tmp_path / "x", numbers(3))
    with pytest.raises(DamagedError, match=r"x has no column 'b' \(known: a\)"):
        read_table(path, ["a", "b"])
    with pytest.raises(DamagedError, match="no column 'c'"):
        list(read_row_groups(path, [0], ["c"]))
    for read in (read_table, read_schema, row_group_sizes):
        with pytest.raises(MissingError, match="gone is not there"):
            read(tmp_path / "gone")
    with pytest.raises(MissingError, match="is a folder"):
        read_table(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a table at all", b"PAR1" + b"\xff" * 40 + b"PAR1"])
def test_what_is_no_parquet_is_damaged(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DamagedError, match=r"x is damaged"):
        read_table(tmp_path / "x")


def test_an_exception_removes_the_file(tmp_path):
    with pytest.raises(RuntimeError), TableWriter(tmp_path / "x", numbers(0).schema) as writer:
        writer.write(numbers(100_000))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (pa.table({"a": [300]}), "x: column 'a' does not fit int8"),
        (pa.table({"a": ["one"]}), "column 'a' does not fit int8"),
        (pa.table({"a": [[1]]}), "column 'a' does not fit int8"),
        (pa.table({"a": pa.array([1, None])}), "column 'a' must not hold nulls, but has 1"),
    ],
)
def test_values_that_do_not_fit_name_their_column(tmp_path, table, text):
    schema = pa.schema([pa.field("a", pa.int8(), nullable=False)])
    with pytest.raises(DataError, match=text):
        write(tmp_path / "x", table, schema=schema)
    assert not (tmp_path / "x").exists()


def test_calls_that_cannot_be_meant_are_refused(tmp_path):
    with pytest.raises(ValueError, match="dictionary"):
        TableWriter(tmp_path / "x", pa.schema([("a", pa.dictionary(pa.int8(), pa.string()))]))
    with pytest.raises(ValueError, match="row_group_rows is 0"):
        TableWriter(tmp_path / "x", SCHEMA, row_group_rows=0)
    with pytest.raises(ValueError, match=r"columns \['b'\] written to a file of \['a'\]"):
        write(tmp_path / "x", pa.table({"b": [1]}), schema=numbers(0).schema)


def test_importing_the_package_does_not_import_torch():
    code = (
        "import sys, recmtl.artifacts; from recmtl.artifacts import (archive, atomic, code_version, download, hashing,"
        " lock, manifest, tables); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
