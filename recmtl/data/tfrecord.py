"""TFRecord files of tf.train.Example, gzip'd or plain, as Arrow record batches: without TensorFlow.

A record is: length (8 bytes, little endian), masked CRC32C of these, payload, masked CRC32C of the payload. Both sums
of every record are checked. Source: tensorflow/core/lib/io/record_writer.h; the masking is
`((crc >> 15 | crc << 17) + 0xa282ead8) mod 2^32`.
"""

import difflib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, cast

import google_crc32c
import pyarrow as pa

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.artifacts.explain import reading
from recmtl.data.tf_example import MalformedExampleError, Stored, features, values
from recmtl.errors import DamagedError, DataError

MAX_RECORD_BYTES = 16 * 2**20
"""A longer record is refused before it is read: a ranking log's records have a few thousand bytes."""

_BATCH_ROWS = 4096
_BATCH_BYTES = 32 * 2**20  # of payload: long records make shorter batches
_CHUNK_BYTES = 2**20
_MAX_REMEMBERED_NAMES = 1000
_FETCH_AGAIN = "Fetch or copy the file again: it was changed or cut off after it was written."
_FORMAT = "Its checksums are right, so it was written this way: check what wrote it."

Value = str | int | float | list[str] | None


class ColumnKind(Enum):
    """What a feature is read as."""

    TEXT = "text"
    """One UTF-8 string; null where the feature is absent or empty."""
    INTEGER = "integer"
    """One int64; null where the feature is absent or empty."""
    FLOAT = "float"
    """One float32; null where the feature is absent or empty."""
    TEXTS = "texts"
    """Any number of UTF-8 strings; an empty list where the feature is absent or empty."""

    @property
    def arrow(self) -> pa.DataType:
        """The column's Arrow type."""
        return _ARROW[self]

    @property
    def stored(self) -> Stored:
        """The kind of list that the file must hold."""
        return _STORED[self]


_ARROW = {
    ColumnKind.TEXT: pa.string(),
    ColumnKind.INTEGER: pa.int64(),
    ColumnKind.FLOAT: pa.float32(),
    ColumnKind.TEXTS: pa.list_(pa.string()),
}
_STORED = {
    ColumnKind.TEXT: Stored.BYTES,
    ColumnKind.INTEGER: Stored.INTEGERS,
    ColumnKind.FLOAT: Stored.FLOATS,
    ColumnKind.TEXTS: Stored.BYTES,
}
_IN_WORDS = {Stored.BYTES: "text", Stored.FLOATS: "floats", Stored.INTEGERS: "integers"}


@dataclass(frozen=True)
class Record:
    """One record's payload, and where it was found."""

    path: Path
    number: int
    """Counted from 1."""
    offset: int
    """Byte at which the record starts; in a gzip'd file, of the unpacked stream."""
    payload: bytes

    @property
    def place(self) -> str:
        """Where it is, for errors."""
        return _place(self.path, self.number, self.offset)


def read_examples(path: Path, columns: Mapping[str, ColumnKind]) -> Iterator[pa.RecordBatch]:
    """Yield the asked features of every record as record batches of at most 4,096 rows, in file order.

    The batches that come before damage are good; damage is found when the reader gets there.

    Args:
        path: a TFRecord file; gzip is recognised by its first bytes, not by the file's name.
        columns: feature name to what it is read as; the batches have these columns in this order.

    Raises:
        MissingError: the file cannot be opened or read.
        DamagedError: a checksum is wrong, or the file or its gzip stream is cut off or corrupt.
        DataError: a record is no tf.train.Example; a feature is stored as another kind, has several values in a
            single-valued column or is not UTF-8; a column is in none of the records (a file of no records is fine).
    """
    schema = pa.schema([(name, kind.arrow) for name, kind in columns.items()])
    wanted = {name.encode(): (name, kind) for name, kind in columns.items()}
    seen: set[bytes] = set()
    missing = set(wanted)
    rows: list[dict[str, Value]] = []
    size = 0
    for record in read_records(path):
        found = _asked_features(record, wanted, seen)
        missing.difference_update(found)
        rows.append({name: _value(record, name, kind, found.get(key, b"")) for key, (name, kind) in wanted.items()})
        size += len(record.payload)
        if len(rows) == _BATCH_ROWS or size >= _BATCH_BYTES:
            yield pa.RecordBatch.from_pylist(rows, schema=schema)
            rows, size = [], 0
    if missing and seen:
        raise _no_such_feature(path, missing, seen)
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=schema)


def read_records(path: Path) -> Iterator[Record]:
    """Yield every record of a TFRecord file, gzip'd or plain, with both of its checksums checked.

    Raises:
        MissingError: the file cannot be opened or read.
        DamagedError: a checksum is wrong, or the file or its gzip stream is cut off or corrupt.
    """
    offset = number = 0
    with reading(path), _open(path) as stream:
        while True:
            number += 1
            place = _place(path, number, offset)
            header = _read(stream, 12, place)
            if not header:
                return
            length = _checked_length(header, place)
            body = _read(stream, length + 4, place)
            if len(body) < length + 4:
                raise _cut_off(place)
            payload = body[:-4]
            if _masked_crc(payload) != body[-4:]:
                raise DamagedError(f"{place}: the payload's checksum is wrong.", hint=_FETCH_AGAIN)
            yield Record(path, number, offset, payload)
            offset += length + 16


def _checked_length(header: bytes, place: str) -> int:
    if len(header) < 12:
        raise _cut_off(place)
    if _masked_crc(header[:8]) != header[8:]:
        hint = f"{_FETCH_AGAIN} If this is record 1, the file may be no TFRecord at all."
        raise DamagedError(f"{place}: the length's checksum is wrong.", hint=hint)
    length = int.from_bytes(header[:8], "little")
    if length > MAX_RECORD_BYTES:
        raise DamagedError(
            f"{place}: the record claims {length:,} bytes; at most {MAX_RECORD_BYTES:,} are read.",
            hint="A record holds one row of a log: check what wrote this file.",
        )
    return length


def _masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _cut_off(place: str) -> DamagedError:
    return DamagedError(f"{place}: the file ends in the middle of the record.", hint=_FETCH_AGAIN)


def _place(path: Path, number: int, offset: int) -> str:
    return f"{path}, record {number} (byte {offset})"


def _open(path: Path) -> BinaryIO:
    stream = open_maybe_gzip(path)
    if path.suffix == ".gz" and not path.stat().st_size:  # it would pass for a file of no records
        stream.close()
        raise DamagedError(f"{path} is empty; a gzip file never is.", hint=_FETCH_AGAIN)
    return stream


def _read(stream: BinaryIO, size: int, place: str) -> bytes:
    """Read `size` bytes, fewer only at the end; in chunks: memory follows what is there, not what is claimed."""
    chunks: list[bytes] = []
    try:
        while size and (chunk := stream.read(min(size, _CHUNK_BYTES))):
            chunks.append(chunk)
            size -= len(chunk)
    except DamagedError as error:  # of the gzip stream
        reason = error.message.rpartition(": ")[2]  # the place names the file already
        raise DamagedError(f"{place}: {reason}", hint=_FETCH_AGAIN) from error
    return b"".join(chunks)


def _asked_features(
    record: Record, wanted: Mapping[bytes, tuple[str, ColumnKind]], seen: set[bytes]
) -> dict[bytes, bytes]:
    """Encoded features by name; `seen` gathers the names that are there, to suggest one if a column is not."""
    try:
        found = dict(features(record.payload))
    except MalformedExampleError as error:
        raise _no_example(record, error) from error
    if len(seen) < _MAX_REMEMBERED_NAMES:
        seen.update(found)
    return {name: found[name] for name in wanted if name in found}


def _value(record: Record, name: str, kind: ColumnKind, feature: bytes) -> Value:
    """One cell: the feature's value as the column's kind."""
    try:
        stored, found = values(feature)
    except MalformedExampleError as error:
        raise _no_example(record, error) from error
    if stored is None or not found:
        return [] if kind is ColumnKind.TEXTS else None
    if stored is not kind.stored:
        raise DataError(
            f"{record.place}: feature '{name}' holds {_IN_WORDS[stored]}, not {_IN_WORDS[kind.stored]}.", hint=_FORMAT
        )
    if kind is ColumnKind.TEXTS:
        return [_text(record, name, raw) for raw in cast(list[bytes], found)]
    if len(found) > 1:
        raise DataError(f"{record.place}: feature '{name}' has {len(found)} values where one belongs.", hint=_FORMAT)
    single = found[0]
    return _text(record, name, single) if isinstance(single, bytes) else single


def _text(record: Record, name: str, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{record.place}: feature '{name}' is not UTF-8 ({error.reason} at byte {error.start} of the value).",
            hint="Write text features in UTF-8.",
        ) from error


def _no_example(record: Record, error: MalformedExampleError) -> DataError:
    return DataError(
        f"{record.place} is not a tf.train.Example: {error}.",
        hint=_FORMAT,
    )


def _no_such_feature(path: Path, missing: set[bytes], seen: set[bytes]) -> DataError:
    name = min(missing).decode()
    there = sorted(other.decode(errors="backslashreplace") for other in seen)
    nearest = difflib.get_close_matches(name, there, n=3, cutoff=0.5) or there[:10]
    return DataError(
        f"{path} has no feature '{name}' in any record.", hint=f"Nearest features there: {', '.join(nearest)}."
    )
