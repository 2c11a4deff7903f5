"""The rows of a file of lines, kept in a table of the connection, and the line that each stands on."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from duckdb import DuckDBPyConnection

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.artifacts.explain import reading
from recmtl.artifacts.gzipped import START
from recmtl.data.sql import quote_name
from recmtl.errors import DataError

CHUNK_BYTES = 1 << 20
PLACE = "rowid + 1"
"""SQL: a row's place among the lines of a table that was made of a file. `row_number()` would read the file on one core
alone.
"""


@dataclass(frozen=True)
class Lines(ABC):
    """Rows with `place` (BIGINT: their order in the file, from 1)."""

    path: Path
    table: str
    """Their columns as texts, in the file's order."""
    query: str
    """The rows in the types that the reader promises."""

    @abstractmethod
    def line(self, place: int) -> int:
        """The number of the line on which the row begins."""

    def count(self, connection: DuckDBPyConnection) -> int:
        """How many rows."""
        return int(connection.execute(f"SELECT count(*) FROM {self.table}").fetchall()[0][0])

    def drop(self, connection: DuckDBPyConnection) -> None:
        """Forget the rows: what was made of them lies elsewhere."""
        connection.execute(f"DROP TABLE {self.table}")

    def require(self, connection: DuckDBPyConnection, column: str, condition: str, problem: str) -> None:
        """Refuse the first row for which the SQL `condition`, about the text in `column`, is not true.

        Raises:
            DataError: names file, line, column and text, then the `problem`.
        """
        bad = connection.execute(
            f"SELECT {PLACE} AS place, coalesce({quote_name(column)}, '') FROM {self.table} "
            f"WHERE NOT coalesce({condition}, false) ORDER BY place LIMIT 1"
        ).fetchone()
        if bad:
            raise DataError(
                f"{self.path}: line {self.line(bad[0])}, column {column}: {bad[1][:100]!r} {problem}.",
                hint="Mend or remove this line.",
            )


@dataclass(frozen=True)
class Content:
    """What the bytes of a file say before its rows are read: what no text can hold is not looked for in each."""

    packed: Literal["gzip", "none"]
    nul: bool
    """There may be a NUL byte."""
    space: bool
    """There may be a space."""


@contextmanager
def looked_over(path: Path) -> Iterator[Content]:
    """The content of a file that is about to be read. In a thread beside this one, a gzip file is read to its end
    meanwhile, where its checksum stands: DuckDB does not look at it.

    Raises:
        MissingError: the file is not there.
        DamagedError: its gzip stream is; it takes the place of any error about what was read of it.
    """
    with reading(path), path.open("rb") as file:
        packed = file.read(len(START)) == START
        file.seek(0)
        content = Content("gzip", nul=True, space=True) if packed else Content("none", *_found_in(file))
    if not packed:
        yield content
        return
    with ThreadPoolExecutor(1) as thread:
        end = thread.submit(_read_to_the_end, path)
        try:
            yield content
        finally:
            end.result()


def _found_in(file: BinaryIO) -> tuple[bool, bool]:
    """Whether a plain file holds a NUL byte and a space."""
    nul = space = False
    while not (nul and space) and (chunk := file.read(CHUNK_BYTES)):
        nul, space = nul or b"\0" in chunk, space or b" " in chunk
    return nul, space


def _read_to_the_end(path: Path) -> None:
    with open_maybe_gzip(path) as unpacked:
        while unpacked.read(CHUNK_BYTES):
            pass


def trimmed(column: str) -> str:
    """SQL: the text in a column without the spaces around it. Few texts have a space, and to look for one takes a tenth
    of the time of trimming.
    """
    return f"CASE WHEN contains({column}, ' ') THEN trim({column}) ELSE {column} END"


def literal_path(path: Path) -> str:
    """A path in which nothing is a pattern."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))
