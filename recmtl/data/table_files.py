"""Tables of rows in files: a file, a folder of files in the order of their paths, or standard input.

Read in pieces of bounded size, in order, with all columns as they are.
"""

import difflib
import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.artifacts.explain import reading, writing
from recmtl.artifacts.gzipped import START as GZIP
from recmtl.artifacts.gzipped import Gunzip
from recmtl.config import nearest
from recmtl.data.csv_pieces import open_delimited
from recmtl.data.json_pieces import open_json_lines
from recmtl.data.parquet_pieces import START as PARQUET
from recmtl.data.parquet_pieces import open_parquet
from recmtl.data.partition_columns import with_partition
from recmtl.data.partitions import RowFile, row_files, with_content
from recmtl.data.row_counts import about_rows
from recmtl.data.table_form import NAMES, TableForm, form_of
from recmtl.data.table_piece import Opened, Piece
from recmtl.data.tfrecord_pieces import open_examples, starts_examples
from recmtl.data.typed_columns import shown
from recmtl.errors import ConfigError, DataError, MissingError

STDIN = "-"
_SNIFFED_BYTES = 1 << 16
_NAMED = 10
"""Columns that an error lists."""

_OPENERS: dict[TableForm, Callable[[BinaryIO, str], Opened]] = {
    TableForm.CSV: lambda stream, source: open_delimited(stream, source, ","),
    TableForm.TSV: lambda stream, source: open_delimited(stream, source, "\t"),
    TableForm.JSONL: open_json_lines,
    TableForm.PARQUET: open_parquet,
    TableForm.TFRECORD: open_examples,
}
_BY_ROW = (TableForm.JSONL, TableForm.TFRECORD)
"""Forms in which each row says which columns it has."""


@dataclass(frozen=True)
class TableFiles:
    """Rows that are about to be read, once."""

    source: str
    form: TableForm
    columns: tuple[str, ...]
    """Of the first file; of JSON lines and TFRecord, those of its first rows."""
    pieces: Iterator[Piece]
    files: tuple[RowFile, ...] = ()
    """Those that are read; none of a stream."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Of the files."""
        return tuple(file.path for file in self.files)

    @property
    def about_rows(self) -> int:
        """How many rows, more or less; 0 if nobody knows."""
        return about_rows(self.paths, self.form)

    def require(self, columns: Sequence[str], mend: str) -> None:
        """Refuse rows without these columns, all of them at once; `mend` says how to name them.

        Raises:
            DataError: names each that is not there, and the nearest that is.
        """
        absent = [name for name in dict.fromkeys(columns) if name not in self.columns]
        if not absent:
            return
        named = ", ".join(f"{name!r}{self._meant(name, columns)}" for name in absent[:_NAMED])
        rest = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        what = "there is no column" if len(absent) == 1 else "there are no columns"
        there = ", ".join(shown(name, 30) for name in self.columns[:_NAMED])
        more = f" and {len(self.columns) - _NAMED} more" if len(self.columns) > _NAMED else ""
        hint = f"{mend} There are {there}{more}."
        if self.form in (TableForm.CSV, TableForm.TSV):
            hint += " The first line must hold the names."
        if self.form is TableForm.JSONL:
            hint += " A key that is rare may be null in the first line."
        if self.form is TableForm.TFRECORD:
            hint += " A feature that is rare may be there without a value in the first record."
        raise DataError(f"{self.source}: {what} {named}{rest}.", hint=hint)

    def _meant(self, name: str, wanted: Sequence[str]) -> str:
        """A column that nobody else asks for, if its name is near; or one that is hardly different."""
        free = [column for column in self.columns if column not in wanted]
        close = difflib.get_close_matches(name, free, n=1) or difflib.get_close_matches(name, self.columns, 1, 0.8)
        return f" (did you mean {close[0]!r}?)" if close else ""


def open_table(source: str, form: TableForm | None = None, files: Sequence[RowFile] | None = None) -> TableFiles:
    """The rows at a path, or of standard input for "-".

    Args:
        source: a file, a folder, or "-".
        form: of all files; if None, the ending of each file's name says it, and standard input's first bytes.
        files: those of the folder that are read, one at least; None: all.

    Raises:
        MissingError: there is no such file, or no file in the folder.
        ConfigError: nothing says the form; or files of several forms.
        DataError: the first file is not in its form, or the folder is not laid out as one table; the pieces raise it
            for what comes later.
        DamagedError: a gzip stream or a Parquet file is cut off or corrupt.
    """
    if source == STDIN:
        if sys.stdin is None:
            raise MissingError("standard input is closed.", hint="Pipe the rows in, or name a file.")
        return _open_stream(sys.stdin.buffer, "standard input", form)
    if Path(source).is_fifo():
        return _open_stream(Path(source).open("rb"), source, form)
    files = with_content(row_files(Path(source))) if files is None else files
    form = form or _form_of_all([file.path for file in files], source)
    opened = _open_file(files[0], form)
    pieces = _one_after_the_other(opened, files[1:], form)
    return TableFiles(source, form, opened.columns, pieces, tuple(files))


def table_paths(source: Path) -> list[Path]:
    """The file, or the folder's files in the order of their paths. Errors as in `row_files`."""
    return [file.path for file in with_content(row_files(source))]


def _form_of_all(paths: Sequence[Path], source: str) -> TableForm:
    forms = {form_of(path.name): path for path in reversed(paths)}
    if None in forms:
        raise ConfigError(
            f"{forms[None]}: its name does not say what form of table it is.",
            hint=f"Name it by its ending ({NAMES}; all but parquet also with .gz), or state the form: --input-format, "
            "or dataset.format in a config.",
        )
    if len(forms) > 1:
        names = " and ".join(sorted(str(form.value) for form in forms if form))
        raise ConfigError(f"{source} holds files of several forms: {names}.", hint="Put each form into its own folder.")
    return cast(TableForm, next(iter(forms)))


def _open_file(file: RowFile, form: TableForm) -> Opened:
    path = file.path
    with ExitStack() as stack:
        with reading(path):
            stream = path.open("rb") if form is TableForm.PARQUET else open_maybe_gzip(path)
        stack.enter_context(stream)
        opened = _OPENERS[form](stream, str(path))
        stack.pop_all()
    return with_partition(replace(opened, pieces=_closing(stream, path, opened.pieces)), file.partition)


def _closing(stream: BinaryIO, path: Path, pieces: Iterator[Piece]) -> Iterator[Piece]:
    with stream, reading(path):
        yield from pieces


def _one_after_the_other(opened: Opened, others: Sequence[RowFile], form: TableForm) -> Iterator[Piece]:
    yield from opened.pieces
    for file in others:
        following = _open_file(file, form)
        if form in _BY_ROW:
            yield from following.pieces
            continue
        _refuse_others(file.path, following.columns, opened.columns)
        for piece in following.pieces:
            yield replace(piece, batch=piece.batch.select(list(opened.columns)))


def _refuse_others(path: Path, columns: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    absent, added = set(wanted) - set(columns), set(columns) - set(wanted)
    problems = [f"there is no column {name!r}{nearest(name, added)}" for name in wanted if name in absent]
    problems += [f"the column {name!r} is in no file before" for name in columns if name in added and not absent]
    if problems:
        raise DataError(f"{path}: {'; '.join(problems)}.", hint="All files of a folder have the same columns.")


def _open_stream(stream: BinaryIO, source: str, form: TableForm | None) -> TableFiles:
    start, stream = _peeked(stream)
    if start.startswith(GZIP):
        raw = cast(io.RawIOBase, stream)
        start, stream = _peeked(io.BufferedReader(Gunzip(raw, Path(source), None)))
    form = form or _sniffed(start)
    if form is TableForm.PARQUET:
        stream = _spooled(stream)  # its index is at its end
    opened = _OPENERS[form](stream, source)
    return TableFiles(source, form, opened.columns, opened.pieces)


def _peeked(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes, and the stream with them still to come."""
    start = b""
    while len(start) < _SNIFFED_BYTES and b"\n" not in start and (more := stream.read(_SNIFFED_BYTES - len(start))):
        start += more
    return start, cast(BinaryIO, io.BufferedReader(_Joined(start, stream), _SNIFFED_BYTES))


class _Joined(io.RawIOBase):
    """Bytes, then a stream."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start, self._stream = io.BytesIO(start), stream

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as possible; 0 at the end."""
        data = self._start.read(len(buffer)) or self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _sniffed(start: bytes) -> TableForm:
    if start.startswith(PARQUET):
        return TableForm.PARQUET
    if starts_examples(start):
        return TableForm.TFRECORD
    line = start.lstrip(b"\xef\xbb\xbf\r\n\t ").split(b"\n", 1)[0]
    if line.startswith((b"{", b"[")):
        return TableForm.JSONL
    return TableForm.TSV if b"\t" in line and b"," not in line else TableForm.CSV


def _spooled(stream: BinaryIO) -> BinaryIO:
    with writing(Path(tempfile.gettempdir())):
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the pieces
        shutil.copyfileobj(stream, file)
    file.seek(0)
    return cast(BinaryIO, file)
