"""Writes rows as Parquet, delimited text or JSON lines into an open file, a batch at a time.

The first batch says which columns there are, and for Parquet their types. A float32 is written as the shortest decimal
text that reads back as the same float32.
"""

import json
import math
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa
import pyarrow.compute as pc

from recmtl.artifacts.explain import writing
from recmtl.artifacts.tables import TableWriter
from recmtl.data.table_form import TableForm
from recmtl.data.typed_columns import plain
from recmtl.errors import DataError


class RowWriter(AbstractContextManager["RowWriter"], ABC):
    """Writes all batches, then, at the end of the block, what comes last. The file stays open."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file, self.path, self.schema, self.rows = file, path, pa.schema([]), 0
        """`path` names it in errors."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. A column that a later batch lacks is null in it.

        Raises:
            DataError: a column that no batch before had; a value that the form cannot hold.
            MissingError: the disk is full.
        """
        if not self.rows:
            self.schema = pa.schema([pa.field(f.name, _written_type(f.type)) for f in batch.schema])
        for name in batch.schema.names:
            if name not in self.schema.names:
                raise DataError(
                    f"{self.path}: the column {name!r} appears first after {self.rows:,} rows.",
                    hint="Write null for it in the first row.",
                )
        there = batch.schema.names
        columns = [plain(batch.column(name)) if name in there else pa.nulls(len(batch)) for name in self.schema.names]
        try:
            with writing(self.path):
                self._write(pa.RecordBatch.from_arrays(columns, names=self.schema.names))
        except pa.ArrowException as error:
            raise DataError(
                f"{self.path}: after {self.rows:,} rows there is a value that cannot be written: {error}.",
                hint="Leave its column out, or write .parquet.",
            ) from error
        self.rows += len(batch)

    @abstractmethod
    def _write(self, batch: pa.RecordBatch) -> None:
        """Rows with all columns of the schema."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing more is to be written."""


class DelimitedWriter(RowWriter):
    """A header and lines that end in \\n; quotes only where they are needed; null is empty."""

    def __init__(self, file: BinaryIO, path: Path, delimiter: str) -> None:
        super().__init__(file, path)
        self.delimiter = delimiter

    def _write(self, batch: pa.RecordBatch) -> None:
        if not self.rows:
            names = self._quoted(pa.array(self.schema.names, pa.string()))
            self.file.write((self.delimiter.join(names.to_pylist()) + "\n").encode())
        cells = [self._quoted(_cells(column).fill_null("")) for column in batch.columns]
        lines = pc.binary_join_element_wise(*cells, self.delimiter)
        self.file.write("\n".join([*lines.to_pylist(), ""]).encode())

    def _quoted(self, texts: pa.StringArray) -> pa.StringArray:
        special = pc.match_substring_regex(texts, f'["\\r\\n{self.delimiter}]')
        if not pc.any(special).as_py():
            return texts
        doubled = pc.replace_substring(texts, '"', '""')
        return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), texts)


class JsonLinesWriter(RowWriter):
    """One object a line, with every column; JSON has no NaN and no infinity, they are null."""

    def _write(self, batch: pa.RecordBatch) -> None:
        columns = [_json_values(column) for column in batch.columns]
        names = self.schema.names
        lines = [_json(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]
        self.file.write("\n".join([*lines, ""]).encode())


class ParquetWriter(RowWriter):
    """Types as in the first batch; later values are cast to them if nothing is lost."""

    writer: TableWriter | None = None

    def _write(self, batch: pa.RecordBatch) -> None:
        if self.writer is None:
            self.writer = TableWriter(self.path, self.schema, into=self.file).__enter__()
        try:
            self.writer.write(batch)
        except DataError as error:
            raise DataError(
                error.message, hint=f"The first rows decide a column's type: give all one, or write {_ANY_KIND}."
            ) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the rows that wait, and the index."""
        if self.writer is not None:
            self.writer.__exit__(kind, error, trace)

    def __enter__(self) -> Self:
        return self


_ANY_KIND = ".jsonl, whose columns may hold values of several kinds"


def row_writer(form: TableForm, file: BinaryIO, path: Path) -> RowWriter:
    """The writer of a form in which rows are written."""
    if form is TableForm.PARQUET:
        return ParquetWriter(file, path)
    if form is TableForm.JSONL:
        return JsonLinesWriter(file, path)
    return DelimitedWriter(file, path, {TableForm.CSV: ",", TableForm.TSV: "\t"}[form])


def _written_type(kind: pa.DataType) -> pa.DataType:
    """Values of a dictionary themselves; text where nothing says what belongs there."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_null(kind) else kind


def _cells(column: pa.Array) -> pa.StringArray:
    """Each value as the text of a cell."""
    kind = column.type
    if pa.types.is_nested(kind) or isinstance(kind, pa.JsonType):
        return pa.array([_cell(value) for value in _json_values(column)], pa.string())
    return column.cast(pa.string())


def _cell(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    """What JSON does not know becomes text."""
    try:
        return _ENCODER.encode(value)
    except ValueError:
        return _ENCODER.encode(_without_nan(value))


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json_values(column: pa.Array) -> list[Any]:
    """Values that the JSON encoder takes."""
    kind = column.type
    if isinstance(kind, pa.JsonType):
        return [None if text is None else json.loads(text) for text in column.to_pylist()]
    if pa.types.is_floating(kind):
        known = column if kind == pa.float64() else column.cast(pa.string()).cast(pa.float64())
        return pc.if_else(pc.is_finite(known), known, pa.scalar(None, pa.float64())).to_pylist()
    as_they_are = pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_nested(kind)
    return (column if as_they_are else column.cast(pa.string())).to_pylist()
