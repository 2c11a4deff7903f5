"""Reads delimited text strictly: every column declared, every number a number, errors with file, line and column."""

import csv
import io
import itertools
import re
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
from duckdb import DuckDBPyConnection

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.config import nearest
from recmtl.data.lines import PLACE, Lines, literal_path, looked_over, trimmed
from recmtl.data.sql import quote_name, quote_text
from recmtl.errors import DamagedError, DataError

ColumnType = Literal["text", "number"]


@dataclass(frozen=True)
class Format:
    """How the lines of a file are written."""

    delimiter: str = ","
    """One character; up to four where nothing is quoted."""
    quotes: bool = True
    """A text between double quotes may hold delimiters and line ends; else a quote is a character like any other."""
    encoding: Literal["utf-8", "latin-1"] = "utf-8"


CSV = Format()


@dataclass(frozen=True)
class Delimited(Lines):
    """The rows of a delimited file; `query` gives trimmed VARCHAR and DOUBLE columns."""

    form: Format
    before: int
    """Lines before the first row."""

    def line(self, place: int) -> int:
        """Empty lines and line breaks in quotes come between."""
        return _line(self.path, self.form, self.before + place)


def read_delimited(
    connection: DuckDBPyConnection,
    path: Path,
    columns: Mapping[str, ColumnType],
    *,
    form: Format = CSV,
    header: bool = False,
    skip: int = 0,
    missing: tuple[str, ...] = ("",),
) -> Delimited:
    """The rows of a delimited file; empty lines are passed over.

    Args:
        connection: where the rows are kept.
        path: the file, plain or gzip.
        columns: without a header, every column of the file in order; with one, those that are wanted.
        form: how its lines are written.
        header: the first line after `skip` names the file's columns, in any order and number.
        skip: lines before anything else.
        missing: texts that mean null.

    Raises:
        MissingError: the file is not there.
        DamagedError: its gzip stream is.
        DataError: a line with another number of columns, a header without a column, a text where a number belongs.
    """
    there = _header(path, form, columns, skip) if header else list(columns)
    before, places = skip + int(header), [quote_name(f"c{i}") for i in range(len(there))]
    table = quote_name(f"lines of {path}")
    try:
        with looked_over(path) as content:
            cleaned = {name: _cleaned(places[there.index(name)], missing, content.space) for name in columns}
            texts = ", ".join(f"{text} AS {quote_name(name)}" for name, text in cleaned.items())
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {table} AS "
                f"SELECT {texts} FROM {_source(path, content.packed, form, before, places)}"
            )
    except duckdb.InvalidInputException as error:
        raise DataError(f"{path}: {_reason(error, len(there))}", hint=f"The columns are {', '.join(there)}.") from error
    except duckdb.IOException as error:  # a gzip stream that breaks off
        reason = str(error).splitlines()[0].removeprefix("IO Error: ")
        raise DamagedError(f"{path} cannot be read: {reason}", hint="Fetch it again.") from error
    casts = ", ".join(
        f"CAST({quote_name(name)} AS DOUBLE) AS {quote_name(name)}" if kind == "number" else quote_name(name)
        for name, kind in columns.items()
    )
    read = Delimited(path, table, f"SELECT {PLACE} AS place, {casts} FROM {table}", form, before)
    _require_types(connection, read, columns, content.nul)
    return read


def _require_types(
    connection: DuckDBPyConnection, read: Delimited, columns: Mapping[str, ColumnType], nul: bool
) -> None:
    """Refuse what is no number, or, where the file has a `nul` byte, a text that holds one."""
    for name, kind in columns.items():
        text = quote_name(name)
        if kind == "number":
            # 'nan' and 'inf' are texts that DuckDB reads as doubles
            fits = f"{text} IS NULL OR isfinite(TRY_CAST({text} AS DOUBLE))"
            read.require(connection, name, fits, "is not a number")
        elif nul:
            read.require(connection, name, f"{text} IS NULL OR NOT contains({text}, chr(0))", "holds a NUL byte")


def _source(path: Path, packed: str, form: Format, skip: int, columns: list[str]) -> str:
    """SQL: the file as text columns.

    Not with `parallel=false`: DuckDB 2.0 then drops everything after an unterminated quote without a word.
    """
    quote = quote_text('"' if form.quotes else "")
    declared = "{" + ", ".join(f"{column}: 'VARCHAR'" for column in columns) + "}"
    return (
        f"read_csv({quote_text(literal_path(path))}, compression='{packed}', header=false, skip={skip}, "
        f"columns={declared}, delim={quote_text(form.delimiter)}, quote={quote}, escape={quote}, "
        f"encoding={quote_text(form.encoding)}, auto_detect=false, strict_mode=true, null_padding=false)"
    )


def _header(path: Path, form: Format, wanted: Mapping[str, ColumnType], skip: int) -> list[str]:
    """The names of the file's columns."""
    with closing(_records(path, form)) as records:
        line, first = next(itertools.islice(records, skip, None), (0, []))
    if not line:
        raise DataError(
            f"{path} ends before line {skip + 1}, which must name its columns: {', '.join(wanted)}.",
            hint="Fetch or copy it again.",
        )
    found = [name.strip() for name in first]
    for name in wanted:
        if found.count(name) != 1:
            what = f"names no column {name!r}{nearest(name, found)}" if name not in found else f"names {name!r} twice"
            if any("\0" in other or "\ufffd" in other for other in found):
                what = f"is not {form.encoding.upper()} text"
            raise DataError(f"{path}: line {line} {what}.", hint=f"It must name: {', '.join(wanted)}.")
    return found


def _line(path: Path, form: Format, number: int) -> int:
    """The line on which the record of that number begins: empty lines and line breaks in quotes come between."""
    with closing(_records(path, form)) as records:
        filled = (line for line, record in records if record)
        return next(itertools.islice(filled, number - 1, None))


def _records(path: Path, form: Format) -> Generator[tuple[int, list[str]], None, None]:
    """Every record and the line on which it begins; an empty line is an empty record."""
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    with io.TextIOWrapper(open_maybe_gzip(path), encoding=encoding, errors="replace", newline="") as lines:
        if form.quotes:
            yield from _quoted_records(lines, form.delimiter)
        else:
            for number, line in enumerate(lines, start=1):
                text = line.rstrip("\r\n")
                yield number, text.split(form.delimiter) if text else []


def _quoted_records(lines: Iterable[str], delimiter: str) -> Generator[tuple[int, list[str]], None, None]:
    limit = csv.field_size_limit(sys.maxsize)
    try:
        reader, begins = csv.reader(lines, delimiter=delimiter), 1
        for record in reader:
            yield begins, record
            begins = reader.line_num + 1
    finally:
        csv.field_size_limit(limit)


def _cleaned(column: str, missing: tuple[str, ...], space: bool) -> str:
    cleaned = trimmed(column) if space else column
    for text in missing:
        cleaned = f"nullif({cleaned}, {quote_text(text)})"
    return cleaned


def _reason(error: duckdb.Error, expected: int) -> str:
    """DuckDB's report in one sentence: it goes on for a page with the settings it used."""
    text = " ".join(str(error).split())
    line, found = re.search(r"Line: (\d+)", text), re.search(r"Found: (\d+)", text)
    if line and found:
        return f"line {line[1]} has {found[1]} column{'s' * (found[1] != '1')}, expected {expected}."
    for sign, meaning in _REASONS.items():
        if sign in text:
            return f"line {line[1]} {meaning}." if line else f"{meaning}."
    return f"line {line[1]} cannot be read: {text[:200]}" if line else text.split(". ")[0][:200]


_REASONS = {
    "unterminated quote": "holds a quote that does not end, or goes on after it",
    "not utf-8": "is not UTF-8 text",
    "not latin-1": "it is not latin-1 text",
    "Maximum line size": "is longer than 2,000,000 bytes",
    "invalid state": "the ends of lines are mixed: some are \\n, some \\r\\n",
}
