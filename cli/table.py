"""Tables. On a terminal they fit its width: columns that find no room beside the others follow below, with the rows'
names repeated; a long text wraps, a number never does. Off a terminal they are plain columns, as wide as they come.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recmtl.cli.plain import plain

GAP = 2
"""Spaces between two columns."""
LEAST_TEXT = 8
"""A text is not wrapped into less than this."""
ANY_WIDTH = 100_000
"""Wider than any line: off a terminal nothing is wrapped or cut."""


@dataclass(frozen=True)
class Column:
    """A heading and the cells below it."""

    heading: str
    cells: Sequence[str]
    is_text: bool
    """It may wrap, and stands to the left; numbers stand to the right and are never broken."""

    @property
    def width(self) -> int:
        """Without wrapping, in the terminal's cells: a Chinese character takes two."""
        return max(cell_len(plain(text)) for text in (self.heading, *self.cells))


def print_columns(columns: Sequence[Column]) -> None:
    """To stdout. The text columns on the left name the rows."""
    on_terminal = sys.stdout.isatty()
    # not rich's own guess: FORCE_COLOR would put control characters into files and pipes
    console = Console(highlight=False, force_terminal=on_terminal, width=None if on_terminal else ANY_WIDTH)
    width = console.width
    for place, block in enumerate(_blocks(columns, width)):
        if place:
            console.print()
        # a terminal narrower than a name and a number: the line goes on below, whole
        console.width = max(width, _room(block, width))
        console.print(_table(block))


def _blocks(columns: Sequence[Column], width: int) -> Iterator[list[Column]]:
    """The columns in as few tables as fit, each with the rows' names."""
    names = list(takewhile(lambda column: column.is_text, columns))
    block = list(names)
    for column in columns[len(names) :]:
        if len(block) > len(names) and _room([*block, column], width) > width:
            yield block
            block = list(names)
        block.append(column)
    yield block


def _room(block: Sequence[Column], width: int) -> int:
    """What a table needs on a line of `width`.

    Beside several numbers, texts wrap where they would take more than half of the line; beside one, where they must.
    """
    texts = [column.width for column in block if column.is_text]
    numbers = [column.width for column in block if not column.is_text]
    rest = sum(numbers) + GAP * (len(block) - 1)
    for_texts = width // 2 if len(numbers) > 1 else width - rest
    return rest + min(sum(texts), max(for_texts, sum(min(text, LEAST_TEXT) for text in texts)))


def _table(block: Sequence[Column]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
    for column in block:
        table.add_column(
            Text(plain(column.heading)),
            justify="left" if column.is_text else "right",
            no_wrap=not column.is_text,
            overflow="fold",
        )
    for cells in zip(*(column.cells for column in block), strict=True):
        table.add_row(*(Text(plain(cell)) for cell in cells))
    return table
