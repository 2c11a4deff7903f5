"""What the columns of a table of rows hold, seen in its first rows: kinds, distinct values, how much is missing.

A column is taken for numbers, texts or lists if the reader of own tables would read it as such, row by row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recmtl.data.partitions import RowFile
from recmtl.data.table_files import TableFiles, open_table
from recmtl.data.table_piece import Piece
from recmtl.data.typed_columns import is_list, plain
from recmtl.errors import DataError

SEPARATORS = ("|", ";", ",")
"""That may stand between the items of a list in a text."""
MISSING_WORDS = ("?", "\\N", "NA", "N/A", "null", "NULL", "None", "nan", "NaN")
"""Texts that mean missing in a column of otherwise numbers; the first two, in any column."""
_ANYWHERE = frozenset(MISSING_WORDS[:2])
MOST_FOLDERS = 40
"""Folders of a larger table whose first rows are looked at: one folder may be one day."""
_LIST_SHARE = 0.05
"""Of texts with a separator, at least, if they are lists."""


class Kind(Enum):
    """What a column holds."""

    EMPTY = "empty"
    TEXT = "text"
    WHOLE = "whole numbers"
    NUMBER = "numbers"
    TIME = "times"
    LIST = "lists"
    OTHER = "other"
    """Nothing that is read as a feature."""


@dataclass(frozen=True)
class ColumnProfile:
    """A column in the rows that were looked at."""

    name: str
    kind: Kind
    missing: int
    """Rows without a value."""
    distinct: int
    """Values, of lists items, each counted once."""
    texts: pa.StringArray | None = None
    """The values as categories, null where missing; None if they are none."""
    numbers: NDArray[np.float64] | None = None
    """The values as numbers, NaN where missing; None if they are none."""
    separator: str = ""
    """What stands between the items of texts that are lists."""


@dataclass(frozen=True)
class Sample:
    """The first rows of a table, or of some of its folders."""

    columns: tuple[ColumnProfile, ...]
    rows: int
    whole: bool
    """These are all rows."""
    missing: tuple[str, ...]
    """Texts that mean missing."""
    folders: int = 0
    """Whose first rows these are; 0 where they are the first of the whole table."""


def profile_columns(table: TableFiles, most: int) -> Sample:
    """The columns of the first `most` rows; of a larger table in several folders, of the first rows of these.

    Raises:
        DataError: there are no rows, or one of these is not as the form says.
        DamagedError: the file is cut off or damaged before they end.
    """
    pieces, rows, whole = _first_pieces(table, most)
    if not rows:
        raise DataError(f"{table.source} holds no rows.", hint="Look at the program that writes it.")
    chosen = [] if whole else _spread(table.files)
    if chosen:
        parts = [open_table(table.source, table.form, files) for files in chosen]
        pieces = [piece for part in parts for piece in _first_pieces(part, max(most // len(parts), 1))[0]]
        rows = sum(len(piece.batch) for piece in pieces)
    names = list(dict.fromkeys(name for piece in pieces for name in piece.batch.schema.names))
    missing = _missing_words(pieces, names)
    return Sample(tuple(_profile(name, pieces, missing) for name in names), rows, whole, missing, len(chosen))


def _spread(files: Sequence[RowFile]) -> list[list[RowFile]]:
    """The files of each of some folders, from the first to the last; nothing if there is one folder alone."""
    folders: dict[Path, list[RowFile]] = {}
    for file in files:
        folders.setdefault(file.path.parent, []).append(file)
    count = min(len(folders), MOST_FOLDERS)
    found = list(folders.values())
    return [found[place * (len(found) - 1) // (count - 1)] for place in range(count)] if count > 1 else []


def _first_pieces(table: TableFiles, most: int) -> tuple[list[Piece], int, bool]:
    pieces: list[Piece] = []
    rows = 0
    for piece in table.pieces:
        if rows == most:
            return pieces, rows, False
        cut = len(piece.batch) > most - rows
        pieces.append(_sliced(piece, most - rows) if cut else piece)
        rows += len(pieces[-1].batch)
        if cut:
            return pieces, rows, False
    return pieces, rows, True


def _sliced(piece: Piece, rows: int) -> Piece:
    return replace(piece, batch=piece.batch.slice(0, rows))


def _missing_words(pieces: Sequence[Piece], names: Sequence[str]) -> tuple[str, ...]:
    """Those that are there; where values have types, null says it."""
    found: set[str] = set()
    for name in names if pieces[0].written else ():
        values = set(pc.unique(_joined([piece.text(name) for piece in pieces])).to_pylist()) - {None}
        held = values & set(MISSING_WORDS)
        if held:
            found |= held if _are_numbers(values - held) else held & _ANYWHERE
    return tuple(word for word in MISSING_WORDS if word in found)


def _are_numbers(values: set[str]) -> bool:
    try:
        pa.array(sorted(values), pa.string()).cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return bool(values)


def _profile(name: str, pieces: Sequence[Piece], missing: tuple[str, ...]) -> ColumnProfile:
    kinds = [plain(piece.batch.column(name)).type for piece in pieces if name in piece.batch.schema.names]
    if any(is_list(kind) for kind in kinds):
        return _list_profile(name, pieces, missing, SEPARATORS[0])
    texts = _read(pieces, lambda piece: piece.text(name, missing))
    numbers = _read(pieces, lambda piece: piece.number(name, missing))
    values = numbers if texts is None else texts
    if values is None:
        return ColumnProfile(name, Kind.OTHER, 0, 0)
    if values.null_count == len(values):
        return ColumnProfile(name, Kind.EMPTY, len(values), 0)
    found = None if numbers is None else numbers.to_numpy(zero_copy_only=False)
    kind = _kind(texts, found, any(pa.types.is_temporal(kind) for kind in kinds))
    separator = _separator(texts) if kind is Kind.TEXT else ""
    as_list = _list_profile(name, pieces, missing, separator) if separator else None
    if as_list is not None and as_list.separator:
        return as_list
    return ColumnProfile(name, kind, values.null_count, pc.count_distinct(values).as_py(), texts, found)


def _kind(texts: pa.StringArray | None, numbers: NDArray[np.float64] | None, is_time: bool) -> Kind:
    if is_time:
        return Kind.TIME
    if numbers is None:
        return Kind.TEXT
    known = numbers[~np.isnan(numbers)]
    return Kind.WHOLE if texts is not None and (known == np.floor(known)).all() else Kind.NUMBER


def _list_profile(name: str, pieces: Sequence[Piece], missing: tuple[str, ...], separator: str) -> ColumnProfile:
    lists = _read(pieces, lambda piece: piece.texts(name, missing, separator))
    if lists is None:
        return ColumnProfile(name, Kind.OTHER, 0, 0)
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    several = (pc.max(lengths).as_py() or 0) > 1
    distinct = pc.count_distinct(pc.list_flatten(lists)).as_py()
    empty = pc.sum(pc.equal(lengths, 0)).as_py() or 0
    return ColumnProfile(name, Kind.LIST if distinct else Kind.EMPTY, empty, distinct, separator=separator * several)


def _separator(texts: pa.StringArray) -> str:
    """The one that cuts texts into items; empty if none does."""
    values = pc.unique(texts.drop_null())
    for separator in SEPARATORS:
        if pc.mean(pc.match_substring(texts, separator)).as_py() < _LIST_SHARE:
            continue
        items = pc.count_distinct(pc.list_flatten(pc.split_pattern(values, separator))).as_py()
        # a comma may be part of a name: then there are more items than names
        if separator == SEPARATORS[0] or items * 2 <= len(values):
            return separator
    return ""


def _read(pieces: Sequence[Piece], read: Callable[[Piece], pa.Array]) -> pa.Array | None:
    try:
        return _joined([read(piece) for piece in pieces])
    except DataError:
        return None


def _joined(arrays: Sequence[pa.Array]) -> pa.Array:
    return pa.concat_arrays(arrays)
