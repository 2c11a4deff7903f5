"""Lines of a stream in blocks of bounded size, each with the number of its first line."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from recmtl.errors import DataError

BLOCK_BYTES = 1 << 23
MAX_ROW_BYTES = 1 << 26
"""A longer row is no row: a quote that nobody closed, or a binary file."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """Whole rows."""

    data: bytes
    line: int
    """Number of its first line, from 1."""


def blocks(stream: BinaryIO, source: str, cut: Callable[[bytes], int], size: int = BLOCK_BYTES) -> Iterator[Block]:
    """All bytes, cut between rows; a byte order mark at the start is left out.

    Args:
        stream: what is read, to its end.
        source: its name, for errors.
        cut: where the last whole row of some bytes ends; 0 where there is none.
        size: of a block, in bytes, unless a row is longer.

    Raises:
        DataError: a row is longer than MAX_ROW_BYTES.
    """
    rest, line = stream.read(size).removeprefix(_BOM), 1
    while True:
        more = stream.read(size)
        end = cut(rest) if more else len(rest)
        if end:
            yield Block(rest[:end], line)
            line += rest.count(b"\n", 0, end)
        if not more:
            return
        rest = rest[end:] + more
        if not end and len(rest) > MAX_ROW_BYTES:
            raise DataError(
                f"{source}, line {line}: the row that begins here does not end within {MAX_ROW_BYTES:,} bytes.",
                hint="Is a quote not closed? Is this a text file?",
            )
