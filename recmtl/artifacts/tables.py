"""The only reader and writer of Parquet.

Every page carries a checksum, and reading checks it. Page headers and the footer have none in the format: the sha256
in the folder's manifest covers these.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from recmtl.artifacts.explain import reading, writing
from recmtl.config import nearest
from recmtl.errors import DamagedError, DataError

_HINT = "Make it again with the command that wrote it."

ROW_GROUP_ROWS = 16_384
"""Of the files of a split: rows that are read, and shuffled, together."""


class TableWriter:
    """Writes one Parquet file in row groups of exactly `row_group_rows` rows (the last may be shorter).

    The same rows give the same bytes however they were cut into tables or batches. After an exception in the block
    the file is removed. Not atomic by itself: it is for folders that are published whole; or, with `into`, it writes
    into an open file, which is left open and is its owner's to remove, and `path` only names it.
    Errors: ValueError if a schema or a table's columns are not as agreed; DataError naming the column whose values do
    not fit; MissingError if the disk is full.
    """

    def __init__(
        self,
        path: Path,
        schema: pa.Schema,
        row_group_rows: int = ROW_GROUP_ROWS,
        metadata: dict[str, str] | None = None,
        into: BinaryIO | None = None,
    ) -> None:
        if row_group_rows < 1:
            raise ValueError(f"row_group_rows is {row_group_rows}; at least 1 is needed")
        if any(pa.types.is_dictionary(kind) for kind in schema.types):
            # the order of a dictionary depends on how the rows were cut
            raise ValueError(f"dictionary columns cannot be written: {schema}")
        self._path = path
        self._schema = schema.with_metadata(dict(sorted((metadata or {}).items())))
        self._group = row_group_rows
        self._into = into
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def __enter__(self) -> Self:
        with writing(self._path):
            self._file = pa.OSFile(str(self._path), "wb") if self._into is None else nullcontext(self._into)
            try:
                self._writer = self._open_writer()
            except BaseException:
                self._file.__exit__(None, None, None)
                self._remove()
                raise
        return self

    def write(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Add rows. Their columns must have the schema's names in its order; values are cast if nothing is lost."""
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        self._waiting.append(self._fit(table))
        self._rows += table.num_rows
        if self._rows >= self._group:
            self._flush(self._group)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        whole = False
        try:
            with writing(self._path), self._file, self._writer:
                if kind is None and self._rows:
                    self._flush(1)
            whole = kind is None
        finally:
            if not whole:
                self._remove()

    def _remove(self) -> None:
        if self._into is None:
            self._path.unlink(missing_ok=True)

    def _open_writer(self) -> pq.ParquetWriter:
        """Every option that decides bytes is named, so that a default that changes does not change them."""
        return pq.ParquetWriter(
            self._file if self._into is None else self._into,
            self._schema,
            version="2.6",
            compression="zstd",
            compression_level=1,
            data_page_version="1.0",
            write_page_checksum=True,
            use_dictionary=False,  # of a row group's few rows it takes twice the time, and makes files larger
        )

    def _flush(self, at_least: int) -> None:
        """Write full row groups as long as `at_least` rows are waiting."""
        table = pa.concat_tables(self._waiting)
        start = 0
        with writing(self._path):
            while table.num_rows - start >= at_least:
                # one chunk a column, or page borders would follow the chunks
                self._writer.write_table(table.slice(start, self._group).combine_chunks(), self._group)
                start += self._group
        rest = table.slice(start)
        self._waiting, self._rows = [rest], rest.num_rows

    def _fit(self, table: pa.Table) -> pa.Table:
        if table.column_names != self._schema.names:
            raise ValueError(f"columns {table.column_names} written to a file of {self._schema.names}")
        columns = [self._cast(table.column(i), field) for i, field in enumerate(self._schema)]
        return pa.Table.from_arrays(columns, schema=self._schema)

    def _cast(self, column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
        try:
            cast = column.cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(f"{self._path}: column {field.name!r} does not fit {field.type}: {error}") from error
        if cast.null_count and not field.nullable:
            raise DataError(f"{self._path}: column {field.name!r} must not hold nulls, but has {cast.null_count}.")
        return cast


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The file's rows, all columns or the named ones in that order.

    Errors: MissingError if it is not there; DamagedError if it is damaged or lacks a column.
    """
    with _opened(path) as file:
        return file.read(columns=_names(file, columns, path))


def read_row_groups(path: Path, groups: Iterable[int], columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of some row groups, a group at a time, in the order asked for. It takes no thread but this one.

    Errors as in `read_table`.
    """
    with _opened(path) as file:
        names = _names(file, columns, path)
        for group in groups:
            yield file.read_row_group(group, columns=names, use_threads=False)


def row_group_sizes(path: Path) -> list[int]:
    """Rows in each row group, without reading them. Errors as in `read_table`."""
    with _opened(path) as file:
        return [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]


def count_values(path: Path, columns: Sequence[str]) -> int:
    """Values in these columns, those in lists each for itself, without reading them. Errors as in `read_table`."""
    with _opened(path) as file:
        named = set(_names(file, columns, path) or ())
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        chunks = (group.column(i) for group in groups for i in range(group.num_columns))
        return sum(chunk.num_values for chunk in chunks if chunk.path_in_schema.split(".")[0] in named)


def read_schema(path: Path) -> pa.Schema:
    """Names, types and metadata, without reading rows. Errors as in `read_table`."""
    with _opened(path) as file:
        return file.schema_arrow


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    # Python opens it first for the sake of its errors: Arrow's have no number for a folder
    with reading(path), path.open("rb"), pa.OSFile(str(path)) as raw:
        try:
            with pq.ParquetFile(raw, memory_map=False, page_checksum_verification=True) as file:
                yield file
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DamagedError(f"{path} is damaged, or is no Parquet file.", hint=_HINT) from error


def _names(file: pq.ParquetFile, columns: Sequence[str] | None, path: Path) -> list[str] | None:
    """pyarrow passes over columns that are not there; here they are an error."""
    if columns is None:
        return None
    there = file.schema_arrow.names
    for name in columns:
        if name not in there:
            raise DamagedError(f"{path} has no column {name!r}{nearest(name, there)}.", hint=_HINT)
    return list(columns)
