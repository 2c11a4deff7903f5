"""TFRecord files of tf.train.Example as columns: one record a row, one feature a column.

Every feature is a list in the file. A column in which no row so far has more than one value is of single values, null
where there is none; from the first row with several on it is of lists. Bytes are UTF-8 text, integers and floats stay
what they are. A feature that a record lacks is null there.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa

from recmtl.data.table_piece import Opened, Piece
from recmtl.data.tf_example import MalformedExampleError, Stored, features, values
from recmtl.data.tf_records import Record, is_header, records_of
from recmtl.data.typed_columns import is_list
from recmtl.errors import DataError

PIECE_ROWS = 4096
PIECE_BYTES = 8 * 2**20
"""Of payload: long records make shorter pieces, as values of Python take several times the room."""
HEADER_BYTES = 12
_TYPES = {Stored.BYTES: pa.string(), Stored.FLOATS: pa.float32(), Stored.INTEGERS: pa.int64()}
_IN_WORDS = {Stored.BYTES: "text", Stored.FLOATS: "floats", Stored.INTEGERS: "integers"}
_FORMAT = "The checksums are right, so it was written this way: look at the program that writes it."
_UTF_8 = "Write text in UTF-8, and other bytes elsewhere."
Cell = list[str] | list[int] | list[float] | None
"""At least one value, or None."""


@dataclass(frozen=True)
class ExamplePiece(Piece):
    """Some records."""

    def texts(self, column: str, missing: Sequence[str] = (), separator: str = "|") -> pa.ListArray:
        """A column as lists of text: the feature's values, never cut. Raises as `text` does."""
        found = self._values(column)
        if is_list(found.type):
            return super().texts(column, missing, separator)
        single = self.text(column, missing)  # where none has several
        ends = np.concatenate(([0], np.cumsum(single.is_valid().to_numpy(zero_copy_only=False))))
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), single.drop_null())


def starts_examples(start: bytes) -> bool:
    """Whether these first bytes begin a TFRecord file: a length with its checksum."""
    return is_header(start[:HEADER_BYTES])


def open_examples(stream: BinaryIO, source: str) -> Opened:
    """The features of the first records, and the rows.

    Raises:
        DataError: there are no records; one is no tf.train.Example, or a feature is of another kind than before. Later
            ones are found when the reader gets there, as is what follows.
        DamagedError: a checksum is wrong; the file is cut off.
    """
    reader = Examples(source)
    pieces = reader.pieces(records_of(stream, Path(source)))
    first = next(pieces, None)
    if first is None:
        raise DataError(f"{source} holds no rows.", hint="Look at the program that writes it.")
    return Opened(tuple(reader.kinds), itertools.chain([first], pieces))


@dataclass
class Examples:
    """A file of examples."""

    source: str
    kinds: dict[str, Stored | None] = field(default_factory=dict)
    """Of each feature of all records so far, in order of first appearance; None: no value yet."""
    lists: set[str] = field(default_factory=set)
    """Features of which a record has had several values."""

    def pieces(self, records: Iterator[Record]) -> Iterator[Piece]:
        """All rows."""
        waiting: list[Record] = []
        size = 0
        for record in records:
            waiting.append(record)
            size += len(record.payload)
            if len(waiting) == PIECE_ROWS or size >= PIECE_BYTES:
                yield self._piece(waiting)
                waiting, size = [], 0
        if waiting:
            yield self._piece(waiting)

    def _piece(self, records: list[Record]) -> Piece:
        rows = [self._row(record) for record in records]
        columns = [self._column(name, [row.get(name) for row in rows]) for name in self.kinds]
        batch = pa.RecordBatch.from_arrays(columns, names=list(self.kinds))
        places = [record.place for record in records]
        return ExamplePiece(batch, lambda row: places[row], self.source, written=False)

    def _column(self, name: str, cells: list[Cell]) -> pa.Array:
        kind = self.kinds[name]
        if kind is None:
            return pa.nulls(len(cells))
        if name in self.lists:
            return pa.array(cells, pa.list_(_TYPES[kind]))
        return pa.array([cell and cell[0] for cell in cells], _TYPES[kind])

    def _row(self, record: Record) -> dict[str, Cell]:
        """Values by feature."""
        try:
            found = [(raw, *values(feature)) for raw, feature in dict(features(record.payload)).items()]
        except MalformedExampleError as error:
            raise DataError(f"{record.place} is not a tf.train.Example: {error}.", hint=_FORMAT) from error
        named = [(self._name(record, raw), kind, cell) for raw, kind, cell in found]
        return {name: self._cell(record, name, kind, cell) for name, kind, cell in named}

    def _name(self, record: Record, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise DataError(f"{record.place}: the name of the feature {raw!r} is not UTF-8.", hint=_UTF_8) from error

    def _cell(
        self, record: Record, name: str, kind: Stored | None, found: list[bytes] | list[int] | list[float]
    ) -> Cell:
        before = self.kinds.setdefault(name, None)
        if kind is None or not found:
            return None
        if before is not None and before is not kind:
            problem = f"holds {_IN_WORDS[kind]}, and in a record before {_IN_WORDS[before]}"
            raise DataError(f"{record.place}, column {name!r} {problem}.", hint=_FORMAT)
        self.kinds[name] = kind
        if len(found) > 1:
            self.lists.add(name)
        if kind is not Stored.BYTES:
            return cast(list[int] | list[float], found)
        try:
            return [value.decode() for value in cast(list[bytes], found)]
        except UnicodeDecodeError as error:
            problem = f"is not UTF-8 ({error.reason} at byte {error.start} of the value)"
            raise DataError(f"{record.place}, column {name!r} {problem}.", hint=_UTF_8) from error
