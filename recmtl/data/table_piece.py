"""Some rows of a table file, and where they stand in it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from recmtl.data.typed_columns import Misfit, as_number, as_text, as_texts
from recmtl.errors import DataError


@dataclass(frozen=True)
class Piece:
    """Neighbouring rows with all their columns, as they are in the file."""

    batch: pa.RecordBatch
    place: Callable[[int], str]
    """Where a row of `batch` stands, for errors: file and line or row."""
    source: str
    """The file."""
    written: bool
    """All values are texts, as in a delimited file: numbers are written out."""
    told: tuple[str, ...] = ()
    """Columns that the file's folders say: texts, whatever the form of the file."""

    def text(self, column: str, missing: Sequence[str] = ()) -> pa.StringArray:
        """A column as text; a column that is not there is null in every row.

        Raises:
            DataError: a value is no text; names file, line and column.
        """
        with self._named(column):
            return as_text(self._values(column), missing)

    def number(self, column: str, missing: Sequence[str] = ()) -> pa.DoubleArray:
        """A column as finite numbers. Raises as `text` does."""
        with self._named(column):
            return as_number(self._values(column), missing, written=self.written or column in self.told)

    def texts(self, column: str, missing: Sequence[str] = (), separator: str = "|") -> pa.ListArray:
        """A column as lists of text. Raises as `text` does."""
        with self._named(column):
            return as_texts(self._values(column), missing, separator=separator)

    def refuse(self, row: int | None, column: str, problem: str, hint: str) -> DataError:
        """The error about a value, or about a whole column."""
        where = self.source if row is None else self.place(row)
        return DataError(f"{where}, column {column!r} {problem}.", hint=hint)

    def _values(self, column: str) -> pa.Array:
        there = column in self.batch.schema.names
        return self.batch.column(column) if there else pa.nulls(len(self.batch))

    @contextmanager
    def _named(self, column: str) -> Iterator[None]:
        try:
            yield
        except Misfit as misfit:
            raise self.refuse(misfit.row, column, misfit.problem, misfit.hint) from misfit


@dataclass(frozen=True)
class Opened:
    """A file of which the beginning was read."""

    columns: tuple[str, ...]
    """Their names, each once. Of JSON lines: those seen so far."""
    pieces: Iterator[Piece]
    """All rows, in order."""


def refuse_twice(columns: Sequence[str], where: str) -> None:
    """Refuse two columns of one name.

    Raises:
        DataError: there are.
    """
    twice = next((name for place, name in enumerate(columns) if name in columns[:place]), None)
    if twice is not None:
        raise DataError(f"{where} names two columns {twice!r}.", hint="Give each column a name of its own.")
