"""The files of a folder of rows, and what the folders in it say of each row.

Hive, Spark and many others lay a log out as `date=2026-11-20/hour=07/part-0.parquet`: the names of the folders are
columns of all rows in them, which the files need not hold. A folder called by a date alone is one of a column `date`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote

from recmtl.artifacts.explain import reading
from recmtl.data.table_form import NAMES, form_of
from recmtl.errors import DataError, MissingError

DATE = "date"
"""The column of folders that are called by a date alone."""
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""What Hive writes for null and for the empty text."""
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_LAYOUT = "Folders in a folder of rows are named like date=2026-11-20 or 2026-11-20."
_ALIKE = "All rows lie at the same depth, below folders of the same columns in the same order."

Partition = tuple[tuple[str, str | None], ...]
"""Columns and values that the folders above a file say, the outermost first; None is missing."""


@dataclass(frozen=True)
class RowFile:
    """A file of rows."""

    path: Path
    partition: Partition = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that its folders say."""
        return tuple(name for name, _ in self.partition)


def row_files(source: Path) -> list[RowFile]:
    """The file, or all files below the folder in the order of their paths.

    Files and folders with a leading "." or "_" are marks of the programs that write such folders (`_column=value` is
    none); a folder without files says nothing.

    Raises:
        MissingError: there are none.
        DataError: the folders are not laid out as one table: files beside folders, other columns, a name that says
            nothing.
    """
    if not source.is_dir():
        with reading(source):
            source.stat()
        return [RowFile(source)]
    files = list(_below(source, ()))
    if not files:
        raise MissingError(f"{source} holds no files.", hint=f"It should hold files of rows: {NAMES}.")
    for file in files:
        if file.names != files[0].names:
            ours, theirs = (", ".join(each.names) or "no column" for each in (file, files[0]))
            raise DataError(f"{file.path}: its folders say {ours}, those of {files[0].path} say {theirs}.", hint=_ALIKE)
    return files


def with_content(files: Sequence[RowFile]) -> list[RowFile]:
    """Those that have content; the first of all, if none has: it says so."""
    return [file for file in files if has_content(file)] or list(files[:1])


def has_content(file: RowFile) -> bool:
    """A task of a distributed writer that had no rows leaves an empty file. It has content where its name says no
    form: it will be refused.
    """
    with reading(file.path):
        return form_of(file.path.name) is None or bool(file.path.stat().st_size)


def _below(folder: Path, partition: Partition) -> Iterator[RowFile]:
    with reading(folder):
        entries = [(path, path.is_dir()) for path in sorted(folder.iterdir()) if not _is_mark(path)]
    inner, files = ([path for path, is_folder in entries if is_folder is wanted] for wanted in (True, False))
    if inner and files:
        raise DataError(
            f"{inner[0]} is a folder beside files of rows ({files[0].name}).",
            hint=f"Put all files into one folder, or each into a folder. {_LAYOUT}",
        )
    for path in inner:
        column, value = _said(path)
        # no column twice: so a link to a folder above ends here, too
        if column in dict(partition):
            raise DataError(f"{path}: a folder above it says {column!r} as well.", hint="Give each level its own name.")
        yield from _below(path, (*partition, (column, value)))
    yield from (RowFile(path, partition) for path in files)


def _is_mark(path: Path) -> bool:
    return path.name.startswith(".") or (path.name.startswith("_") and not ("=" in path.name and path.is_dir()))


def _said(folder: Path) -> tuple[str, str | None]:
    """Column and value that a folder's name says."""
    column, equals, value = folder.name.partition("=")
    if not equals and _is_date(folder.name):
        return DATE, folder.name
    if not column or not equals:
        raise DataError(f"{folder} is a folder whose name is neither column=value nor a date.", hint=_LAYOUT)
    try:
        column, text = (unquote(part, errors="strict") for part in (column, value))
        f"{column}{text}".encode()
    except UnicodeError as error:
        raise DataError(f"{str(folder)!r}: the folder's name is not UTF-8.", hint="Rename it.") from error
    if "\0" in f"{column}{text}":
        raise DataError(f"{folder}: the folder's name means a text with a NUL character.", hint="Rename it.")
    return column, None if text == NO_VALUE else text


def _is_date(name: str) -> bool:
    found = _DATE.fullmatch(name)
    try:
        return found is not None and bool(date(*map(int, found.groups())))
    except ValueError:
        return False
