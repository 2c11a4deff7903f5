"""Parquet files, a few thousand rows at a time."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from recmtl.data.table_piece import Opened, Piece, refuse_twice
from recmtl.data.typed_columns import first
from recmtl.errors import DamagedError, DataError

BATCH_ROWS = 65_536
START = b"PAR1"
_BUFFER_BYTES = 1 << 20


def open_parquet(stream: BinaryIO, source: str) -> Opened:
    """Columns and rows.

    Raises:
        DataError: it is no Parquet file, or names a column twice.
        DamagedError: it is cut off or damaged.
    """
    if stream.read(len(START)) != START:
        raise DataError(f"{source} is no Parquet file.", hint="Is it of another form? Name it by its ending.")
    stream.seek(-len(START), io.SEEK_END)
    if stream.read() != START:
        raise DamagedError(f"{source} is cut off: its index is not there.", hint="Fetch or write the file again.")
    stream.seek(0)
    with _damage_named(source):
        # without a buffer a whole column of a row group is read at once, and a group may be the whole file
        file = pq.ParquetFile(stream, buffer_size=_BUFFER_BYTES, pre_buffer=False, page_checksum_verification=True)
        columns = tuple(file.schema_arrow.names)
    refuse_twice(columns, source)
    return Opened(columns, _pieces(file, source))


def _pieces(file: pq.ParquetFile, source: str) -> Iterator[Piece]:
    before = 0
    with _damage_named(source), file:
        for batch in file.iter_batches(BATCH_ROWS):
            _check(batch, before, source)
            if len(batch):
                yield _piece(batch, before, source)
            before += len(batch)


def _piece(batch: pa.RecordBatch, before: int, source: str) -> Piece:
    return Piece(batch, lambda row: f"{source}, row {before + row + 1}", source, written=False)


def _check(batch: pa.RecordBatch, before: int, source: str) -> None:
    """Refuse text that is not UTF-8: Arrow takes the writer's word for it."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            bad = first(pa.array([not _is_valid(column.slice(row, 1)) for row in range(len(column))])) or 0
            raise DataError(
                f"{source}, row {before + bad + 1}, column {name!r} is not as its type says: {error}.",
                hint="Write the file again.",
            ) from error


def _is_valid(values: pa.Array) -> bool:
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


@contextmanager
def _damage_named(source: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DamagedError(f"{source} is damaged: {lines[0]}", hint="Fetch or write the file again.") from error
