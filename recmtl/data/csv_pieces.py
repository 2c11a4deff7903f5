"""Delimited text, strictly and fast: Arrow reads whole blocks; what it would pass over is looked for beforehand, and
what it refuses is looked up row by row, so that errors name line and column.

RFC 4180 with any delimiter of one byte: a value between double quotes may hold delimiters, line ends and doubled
quotes; a quote anywhere else is refused, as is a carriage return that ends no line. Lines may end in \\n and \\r\\n.
Empty lines are passed over.
"""

import csv
import io
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from recmtl.data.line_blocks import Block, blocks
from recmtl.data.table_piece import Opened, Piece, refuse_twice
from recmtl.errors import DataError

MAX_ROWS = 131_072
"""Of a piece: short rows are many in a block."""
QUOTE, RETURN, NEWLINE = 34, 13, 10
_MEND = "Mend or remove this line."
_QUOTES = "Put the whole value between quotes, and double each quote inside it."
_NOT_UTF_8 = "Write the file as UTF-8."


@dataclass(frozen=True)
class Delimited:
    """A delimited file."""

    source: str
    delimiter: str
    columns: tuple[str, ...] = ()

    def pieces(self, block: Block) -> Iterator[Piece]:
        """The rows of a block; all columns are text, none is null.

        Raises:
            DataError: a line that is not as the format says.
        """
        _check_quotes(block, self)
        read = pyarrow.csv.ReadOptions(column_names=self.columns, block_size=len(block.data) + 1)
        parse = pyarrow.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True)
        as_text = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(self.columns, pa.string()), strings_can_be_null=False
        )
        try:
            if b"\0" in block.data:
                raise pa.ArrowInvalid("a NUL byte")
            table = pyarrow.csv.read_csv(pa.py_buffer(block.data), read, parse, as_text)
        except pa.ArrowInvalid as error:
            raise self._explained(block, str(error)) from error
        arrays = [column.combine_chunks() for column in table.columns]
        batch = pa.RecordBatch.from_arrays(arrays, names=list(self.columns))
        for start in range(0, len(batch), MAX_ROWS):
            place = partial(self._place, block, start)
            yield Piece(batch.slice(start, MAX_ROWS), place, self.source, written=True)

    def _place(self, block: Block, before: int, row: int) -> str:
        line, _ = next(itertools.islice(self.records(block), before + row, None))
        return f"{self.source}, line {line}"

    def records(self, block: Block) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not empty, with the line on which it begins; bytes that are no UTF-8 become surrogates."""
        text = io.StringIO(block.data.decode("utf-8", errors="surrogateescape"), newline="")
        limit = csv.field_size_limit(sys.maxsize)
        try:
            reader, begins = csv.reader(text, delimiter=self.delimiter), block.line
            for record in reader:
                if record:
                    yield begins, record
                begins = block.line + reader.line_num
        finally:
            csv.field_size_limit(limit)

    def _explained(self, block: Block, reason: str) -> DataError:
        for line, record in self.records(block):
            where = f"{self.source}, line {line}"
            if len(record) != len(self.columns):
                return DataError(
                    f"{where} has {len(record)} values; there are {len(self.columns)} columns.", hint=_MEND
                )
            problem = _unreadable(record, list(self.columns))
            if problem:
                return DataError(f"{where}, {problem[0]}.", hint=problem[1])
        return DataError(f"{self.source}, from line {block.line} on, cannot be read: {reason}.", hint=_MEND)


def open_delimited(stream: BinaryIO, source: str, delimiter: str) -> Opened:
    """The columns that the first line names, and the rows below it.

    Raises:
        DataError: there is no such line, or it names a column twice; later, a line that is not as the format says.
    """
    format_ = Delimited(source, delimiter)
    found = blocks(stream, source, _end)
    start = next((block for block in found if block.data.strip(b"\r\n")), None)
    if start is None:
        raise DataError(f"{source} is empty: its first line must name the columns.", hint="Write a header line.")
    head = _first_row(start, format_)
    line, names = next(format_.records(head))
    columns = tuple(name.strip(" ") for name in names)
    problem = _unreadable(names, [f"{place}" for place in range(1, len(names) + 1)])
    if problem:
        raise DataError(f"{source}, line {line}, {problem[0]}.", hint=problem[1])
    refuse_twice(columns, f"{source}, line {line}")
    rest = Block(start.data[len(head.data) :], start.line + head.data.count(b"\n"))
    format_ = Delimited(source, delimiter, columns)
    filled = (block for block in itertools.chain([rest], found) if block.data.strip(b"\r\n"))
    return Opened(columns, (piece for block in filled for piece in format_.pieces(block)))


def _unreadable(record: list[str], columns: list[str]) -> tuple[str, str] | None:
    """Column and problem of the first value that is no text, and how to mend it."""
    for column, value in zip(columns, record, strict=True):
        wrong = next((character for character in value if "\ud800" <= character <= "\udfff"), None)
        if wrong is not None:
            return f"column {column!r} holds the byte {ord(wrong) & 0xFF:02X}, which is not UTF-8", _NOT_UTF_8
        if "\0" in value:
            return f"column {column!r} holds a NUL byte", "Is this a text file, in UTF-8?"
    return None


def _end(data: bytes) -> int:
    """Where the last whole row ends."""
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    ends = _row_ends(data)
    return int(ends[-1]) if len(ends) else 0


def _row_ends(data: bytes) -> NDArray[np.int64]:
    """Behind each line end outside quotes."""
    text = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(text == NEWLINE)
    return newlines[~_in_quotes(newlines, np.flatnonzero(text == QUOTE))] + 1


def _in_quotes(places: NDArray[np.int64], quotes: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.searchsorted(quotes, places) % 2 == 1


def _first_row(block: Block, form: Delimited) -> Block:
    """The block up to the end of its first row that is not empty."""
    ends = (int(end) for end in _row_ends(block.data) if block.data[:end].strip(b"\r\n"))
    head = Block(block.data[: next(ends, len(block.data))], block.line)
    _check_quotes(head, form)
    return head


def _check_quotes(block: Block, form: Delimited) -> None:
    """Refuse quotes that neither open nor close a value, and carriage returns that end no line: Arrow passes over
    them.
    """
    if b'"' not in block.data and b"\r" not in block.data:
        return
    text = np.frombuffer(block.data, np.uint8)
    quotes, returns = np.flatnonzero(text == QUOTE), np.flatnonzero(text == RETURN)
    padded = np.concatenate(([NEWLINE], text, [NEWLINE])).astype(np.uint8)
    borders = np.array([ord(form.delimiter), QUOTE, RETURN, NEWLINE], np.uint8)
    opening, closing = quotes[0::2], quotes[1::2]
    inside = opening[~np.isin(padded[opening], borders)]  # what stands before it
    behind = opening[: len(closing)][~np.isin(padded[closing + 2], borders)]  # what stands after its end
    alone = returns[(padded[returns + 2] != NEWLINE) & ~_in_quotes(returns, quotes)]
    found = [
        (places[0], problem, hint)
        for places, problem, hint in (
            (inside, "a quote stands within a value that does not begin with one", _QUOTES),
            (behind, "the quoted value that begins here goes on after its closing quote", _QUOTES),
            (alone, "a carriage return stands alone", "End lines with \\n or \\r\\n."),
            (opening[len(closing) :], "the quote that opens here is not closed", _QUOTES),
        )
        if len(places)
    ]
    if found:
        place, problem, hint = min(found)
        line = block.line + block.data.count(b"\n", 0, int(place))
        raise DataError(f"{form.source}, line {line}: {problem}.", hint=hint)
