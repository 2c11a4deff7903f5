"""TFRecord files of tf.train.Example, gzip'd or plain, as Arrow record batches: without TensorFlow.

Both checksums of every record are checked.
"""

import difflib
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import cast

import pyarrow as pa

from recmtl.data.tf_example import MalformedExampleError, Stored, features, values
from recmtl.data.tf_records import Record, read_records
from recmtl.errors import DataError

_BATCH_ROWS = 4096
_BATCH_BYTES = 32 * 2**20  # of payload: long records make shorter batches
_MAX_REMEMBERED_NAMES = 1000
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
