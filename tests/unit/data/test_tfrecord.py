"""Reading TFRecord files of tf.train.Example: what goes in comes out, and no damage goes unnoticed."""

import gzip
import os
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recmtl.data.tf_records import MAX_RECORD_BYTES, read_records
from recmtl.data.tfrecord import ColumnKind, read_examples
from recmtl.errors import DamagedError, DataError, MissingError
from recmtl.testing.tfrecord_writer import (
    encode_example,
    encode_feature,
    field,
    frame,
    masked_crc,
    varint,
    write_examples,
    write_records,
)

REAL = (
    Path(os.environ.get("RECMTL_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "lt4rec/part-r-00002.gz"
)
COLUMNS = {
    "label": ColumnKind.INTEGER,
    "watched": ColumnKind.FLOAT,
    "user": ColumnKind.TEXT,
    "words": ColumnKind.TEXTS,
}
ROWS: list[dict[str, Any]] = [
    {"label": 1, "watched": 0.25, "user": "ada", "words": ["sea", "海"]},
    {"label": -3, "watched": 0.0, "user": "", "words": ["sky"]},
    {"label": 2**63 - 1, "watched": -1.5, "user": "Zoë", "words": []},
]

# any message costs a file on disk: fewer examples, no complaint about the shared temporary folder
on_disk = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path, columns: Mapping[str, ColumnKind] = COLUMNS) -> list[dict[str, Any]]:
    return [row for batch in read_examples(path, columns) for row in batch.to_pylist()]


def one(path: Path, payload: bytes, **columns: ColumnKind) -> dict[str, Any]:
    """The only row of a file with one record."""
    write_records(path, [payload])
    (row,) = read(path, columns)
    return row


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "part-r-00000"


# what goes in comes out


@pytest.mark.parametrize("name", ["part", "part.gz"])
@pytest.mark.parametrize("packed", [True, False])
def test_every_kind_is_read_back(tmp_path: Path, name: str, packed: bool) -> None:
    write_examples(tmp_path / name, ROWS, packed=packed)
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".gz")
    assert read(tmp_path / name) == ROWS


def test_a_gzip_file_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    write_examples(tmp_path / "part.gz", ROWS)
    unnamed = (tmp_path / "part.gz").rename(tmp_path / "part")
    assert read(unnamed) == ROWS


def test_bytes_spelled_out_by_hand(path: Path) -> None:
    """{"a": [7]}; the checksums were computed bit by bit from the polynomial, not by the library."""
    path.write_bytes(bytes.fromhex("0e00000000000000 c5e5693f 0a0c0a0a0a016112051a030a0107 fa9aa804"))
    assert read(path, {"a": ColumnKind.INTEGER}) == [{"a": 7}]


def test_columns_come_in_the_asked_order_with_their_types(path: Path) -> None:
    write_examples(path, ROWS)
    (batch,) = read_examples(
        path, {"words": ColumnKind.TEXTS, "watched": ColumnKind.FLOAT, "label": ColumnKind.INTEGER}
    )
    assert batch.schema == pa.schema({"words": pa.list_(pa.string()), "watched": pa.float32(), "label": pa.int64()})


def test_a_long_file_comes_in_several_batches_in_file_order(path: Path) -> None:
    write_examples(path, ({"label": number} for number in range(9000)))
    batches = list(read_examples(path, {"label": ColumnKind.INTEGER}))
    assert [batch.num_rows for batch in batches] == [4096, 4096, 808]
    assert [label for batch in batches for label in batch["label"].to_pylist()] == list(range(9000))


def test_long_records_make_short_batches(path: Path) -> None:
    write_examples(path, [{"user": "x" * 9_000_000}] * 5)
    batches = read_examples(path, {"user": ColumnKind.TEXT})
    assert [batch.num_rows for batch in batches] == [4, 1]


def test_records_know_where_they_are(path: Path) -> None:
    write_records(path, [b"", b"ab", b"c"])
    records = [(record.number, record.offset, record.payload) for record in read_records(path)]
    assert records == [(1, 0, b""), (2, 16, b"ab"), (3, 34, b"c")]


def test_absent_and_empty_features_are_null(path: Path) -> None:
    empty_list = field(1, b"")  # a BytesList without a value
    entry = field(1, b"user") + field(2, empty_list)
    rows = [encode_example(ROWS[0]), encode_example({name: [] for name in COLUMNS}), field(1, field(1, entry)), b""]
    write_records(path, rows)
    nothing = {"label": None, "watched": None, "user": None, "words": []}
    assert read(path) == [ROWS[0], nothing, nothing, nothing]


def test_an_empty_file_has_no_rows_whatever_is_asked(path: Path) -> None:
    path.touch()
    assert read(path) == []


def test_of_a_feature_that_comes_twice_the_last_counts(path: Path) -> None:
    assert one(path, encode_example({"a": 1}) + encode_example({"a": 2}), a=ColumnKind.INTEGER) == {"a": 2}


def test_a_feature_in_pieces_is_merged(path: Path) -> None:
    pieces = [encode_feature(value) for value in (["x"], ["y", "z"])]
    entry = field(1, b"a") + b"".join(field(2, piece) for piece in pieces)
    assert one(path, field(1, field(1, entry)), a=ColumnKind.TEXTS) == {"a": ["x", "y", "z"]}


def test_of_two_kinds_in_a_feature_the_last_counts(path: Path) -> None:
    entry = field(1, b"a") + field(2, encode_feature("x")) + field(2, encode_feature(5))
    assert one(path, field(1, field(1, entry)), a=ColumnKind.INTEGER) == {"a": 5}


def test_unknown_fields_are_passed_over(path: Path) -> None:
    unknown = b"\x48\x07" + b"\x49" + bytes(8) + field(9, b"later") + b"\x4d" + bytes(4)
    entry = unknown + field(1, b"a") + field(2, unknown + encode_feature("x")) + unknown
    assert one(path, unknown + field(1, unknown + field(1, entry)) + unknown, a=ColumnKind.TEXT) == {"a": "x"}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.fixed_dictionaries(
    {},
    optional={
        "label": st.integers(-(2**63), 2**63 - 1),
        "watched": st.floats(width=32, allow_nan=False),
        "user": texts,
        "words": st.lists(texts, max_size=6),
    },
)


@on_disk
@given(rows=st.lists(values, min_size=1, max_size=5), packed=st.booleans(), zipped=st.booleans())
def test_random_examples_are_read_back(tmp_path: Path, rows: list[dict[str, Any]], packed: bool, zipped: bool) -> None:
    path = tmp_path / ("random.gz" if zipped else "random")
    write_examples(path, [*rows, ROWS[0]], packed=packed)
    absent = {"label": None, "watched": None, "user": None, "words": []}
    assert read(path) == [absent | row for row in rows] + [ROWS[0]]


# damage


def test_no_flipped_bit_goes_unnoticed(path: Path) -> None:
    write_examples(path, ROWS)
    whole = path.read_bytes()
    starts = [record.offset for record in read_records(path)]
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        number = sum(start <= position for start in starts)
        with pytest.raises(DamagedError, match=rf"part-r-00000, record {number} \(byte {starts[number - 1]}\): "):
            read(path)


@pytest.mark.parametrize(("at", "what"), [(3, "length's checksum"), (9, "length's checksum"), (12, "payload's")])
def test_the_error_tells_which_part_is_damaged(path: Path, at: int, what: str) -> None:
    damaged = bytearray(frame(encode_example(ROWS[0])))
    damaged[at] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(DamagedError, match=what):
        read(path)


def test_a_file_cut_off_anywhere_within_a_record_is_damaged(path: Path) -> None:
    write_examples(path, ROWS)
    whole = path.read_bytes()
    starts = [record.offset for record in read_records(path)]
    for size in set(range(1, len(whole))) - set(starts):  # cut between two records, it is a whole file of fewer
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedError, match=rf"record {sum(s <= size for s in starts)} .* ends in the middle"):
            read(path)


def test_a_gzip_file_cut_off_anywhere_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "part.gz"
    write_examples(path, ROWS * 3)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedError, match=r"part\.gz(, record \d+ \(byte \d+\): | is empty)"):
            read(path)


def test_a_gzip_file_with_a_changed_byte_is_damaged_or_the_same(tmp_path: Path) -> None:
    path = tmp_path / "part.gz"
    write_examples(path, ROWS)
    whole = path.read_bytes()
    unharmed = []
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 0x5A
        path.write_bytes(changed)
        try:
            assert read(path) == ROWS
            unharmed.append(position)
        except DamagedError:
            pass
    assert set(unharmed) <= set(range(4, 10))  # time, flags and system in gzip's header: nothing of the content


def test_what_came_before_the_damage_was_given_out(path: Path) -> None:
    write_examples(path, [{"label": 1}] * 5000)
    path.write_bytes(path.read_bytes()[:-1])
    batches = read_examples(path, {"label": ColumnKind.INTEGER})
    assert next(batches).num_rows == 4096
    with pytest.raises(DamagedError, match="record 5000 "):
        next(batches)


@pytest.mark.parametrize("length", [MAX_RECORD_BYTES - 1, MAX_RECORD_BYTES + 1, 2**40, 2**63, 2**64 - 1])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_claimed_length_costs_no_memory(path: Path, length: int, zipped: bool) -> None:
    header = struct.pack("<Q", length)
    content = header + masked_crc(header) + b"short"
    path.write_bytes(gzip.compress(content) if zipped else content)
    tracemalloc.start()
    reason = "claims" if length > MAX_RECORD_BYTES else "ends in the middle"
    with pytest.raises(DamagedError, match=f"record 1 .* {reason}"):
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 2**20


# records that are whole, but not what was asked for


@pytest.mark.parametrize("stored", ["label", "watched", "user"])
@pytest.mark.parametrize("kind", [ColumnKind.INTEGER, ColumnKind.FLOAT, ColumnKind.TEXT, ColumnKind.TEXTS])
def test_a_feature_of_another_kind_is_refused(path: Path, stored: str, kind: ColumnKind) -> None:
    write_examples(path, [{}, ROWS[0]])
    if kind.stored is COLUMNS[stored].stored:
        expected = [ROWS[0][stored]] if kind is ColumnKind.TEXTS else ROWS[0][stored]
        assert read(path, {stored: kind})[1] == {stored: expected}
    else:
        with pytest.raises(DataError, match=rf"part-r-00000, record 2 .*'{stored}' holds (text|floats|integers), not"):
            read(path, {stored: kind})


@pytest.mark.parametrize(("name", "several"), [("label", [1, 2]), ("watched", [0.5, 0.5]), ("user", ["a", "b", "c"])])
def test_several_values_in_a_single_valued_column_are_refused(path: Path, name: str, several: list[Any]) -> None:
    write_examples(path, [{name: several}])
    with pytest.raises(DataError, match=rf"record 1 .*'{name}' has {len(several)} values"):
        read(path, {name: COLUMNS[name]})


@pytest.mark.parametrize("name", ["user", "words"])
def test_bad_utf8_is_refused(path: Path, name: str) -> None:
    write_examples(path, [ROWS[0], {name: [b"ok\xff"]}])
    with pytest.raises(DataError, match=rf"record 2 .*'{name}' is not UTF-8 .* byte 2"):
        read(path, {name: COLUMNS[name]})


def test_a_column_that_no_record_has_is_refused_with_the_nearest_name(path: Path) -> None:
    write_examples(path, ROWS)
    with pytest.raises(DataError, match=r"no feature 'lable' in any record. Nearest features there: label\."):
        read(path, COLUMNS | {"lable": ColumnKind.INTEGER})


MALFORMED = {
    "a field claims 1152921504606846976 bytes where 1 are left": b"\x0a" + varint(2**60) + b"x",
    "it breaks off inside a number": b"\xff" * 8,
    "a number has more than 64 bits": b"\x48" + b"\xff" * 9 + b"\x02",
    "a number stands where text or a message belongs": b"\x0d\x00\x00\x00\x00",
    "wire type 3 is unknown": b"\x0b\x0c",
    "a field has the number 0": b"\x00\x00",
    "a field claims 4 bytes where 1 are left": b"\x4d\x00",
}


@pytest.mark.parametrize(("reason", "inner"), MALFORMED.items(), ids=MALFORMED.keys())
@pytest.mark.parametrize("depth", range(4))
def test_a_malformed_message_at_any_depth_is_refused(path: Path, reason: str, inner: bytes, depth: int) -> None:
    payload = inner
    if depth > 2:
        payload = field(1, payload)  # in a BytesList of a Feature
    if depth > 1:
        payload = field(1, b"user") + field(2, payload)
    for _ in range(min(depth, 2)):
        payload = field(1, payload)
    with pytest.raises(DataError, match=rf"record 1 \(byte 0\) is not a tf.train.Example: {reason}"):
        one(path, payload, user=ColumnKind.TEXT)


def test_a_float_list_of_odd_bytes_is_refused(path: Path) -> None:
    with pytest.raises(DataError, match="32-bit float"):
        one(path, field(1, field(1, field(1, b"a") + field(2, field(2, field(1, b"12345"))))), a=ColumnKind.FLOAT)


def test_an_integer_list_of_floats_is_refused(path: Path) -> None:
    with pytest.raises(DataError, match="not an integer"):
        one(path, field(1, field(1, field(1, b"a") + field(2, field(3, b"\x0d1234")))), a=ColumnKind.INTEGER)


@on_disk
@given(
    payload=st.binary(max_size=200),
    cut=st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
def test_no_payload_brings_down_the_reader(tmp_path: Path, payload: bytes, cut: tuple[int, int]) -> None:
    """Any bytes, alone and put in place of a piece of a good example, are read or refused, and nothing else happens."""
    good, (start, size) = encode_example(ROWS[0]), cut
    for message in (payload, good[:start] + payload[:5] + good[start + size :]):
        write_records(tmp_path / "any", [encode_example(ROWS[0]), message])
        try:
            assert len(read(tmp_path / "any")) == 2
        except DataError as error:
            assert "record 2" in error.message


# the file itself


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    for path in (tmp_path / "none.gz", tmp_path):
        with pytest.raises(MissingError, match=r"is not there|is a folder"):
            read(path)


def test_reading_needs_neither_torch_nor_tensorflow() -> None:
    program = "import sys, recmtl.data.tfrecord; sys.exit(bool({'torch', 'tensorflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# fmt: off
LT4REC_TEXT = [
    "FEA_SVID", "FEA_SCP", "FEA_SICAT1", "FEA_SICAT2", "FEA_VID", "FEA_CP", "FEA_ICAT1", "FEA_ICAT2", "FEA_AGE",
    "FEA_DURATION", "FEA_ALGID", "FEA_ORDER", "FEA_COVERQUALITY", "FEA_UID", "FEA_UGROUP", "seqnum", "pctr",
]
LT4REC_TEXTS = ["FEA_SIKEYWORD", "FEA_STAG", "FEA_IXFTAG", "FEA_IKEYWORD", "FEA_UCAT"]
# fmt: on


@pytest.mark.realdata
@pytest.mark.skipif(not REAL.exists(), reason=f"LT4REC's own sample is not there: {REAL} (RECMTL_TEST_DATA says where)")
def test_the_published_sample_is_read_whole() -> None:
    columns = dict.fromkeys(LT4REC_TEXT, ColumnKind.TEXT) | dict.fromkeys(LT4REC_TEXTS, ColumnKind.TEXTS)
    columns |= {"label": ColumnKind.INTEGER, "cvrlabel": ColumnKind.FLOAT}
    table = pa.Table.from_batches(read_examples(REAL, columns)).to_pandas()
    assert len(table) == 4322
    assert table.notna().all(axis=None)
    assert table["label"].sum() == 1677
    assert ((table["cvrlabel"] > 0) == (table["label"] == 1)).all()
    assert table["FEA_IKEYWORD"].map(len).max() == 8
    assert table["pctr"].eq("-1").sum() == 131
    assert table["FEA_ALGID"].value_counts()["8085"] == 1391
