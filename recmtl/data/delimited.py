"""Reads delimited text strictly: every column declared, every number a number, errors with file, line and column."""

import csv
import io
import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import duckdb
from duckdb import DuckDBPyConnection

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.config import nearest
from recmtl.data.sql import quote_name, quote_text
from recmtl.errors import DataError

ColumnType = Literal["text", "number"]


def read_delimited(
    connection: DuckDBPyConnection,
    path: Path,
    columns: Mapping[str, ColumnType],
    *,
    header: bool = False,
    skip: int = 0,
    missing: tuple[str, ...] = ("",),
) -> str:
    """Query for the rows of a comma-separated file as trimmed VARCHAR and DOUBLE columns, with `line` (BIGINT, from 1).

    Args:
        connection: where the lines are kept and the query can be run.
        path: the file, plain or gzip.
        columns: without a header, every column of the file in order; with one, those that are wanted.
        header: the first line after `skip` names the file's columns, in any order and number.
        skip: lines before anything else.
        missing: texts that mean null.

    Raises:
        DataError: a line with another number of columns, a header without a column, a text where a number belongs.
    """
    before = skip + int(header)
    there = _header(path, columns, skip) if header else list(columns)
    declared = "{" + ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in there) + "}"
    source = (
        f"read_csv({quote_text(str(path))}, header=false, skip={before}, columns={declared}, "
        "delim=',', quote='\"', escape='\"', auto_detect=false, strict_mode=true, null_padding=false, parallel=false)"
    )
    texts = ", ".join(f"{_cleaned(name, missing)} AS {quote_name(name)}" for name in columns)
    table = quote_name(f"lines of {path}")
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS "
            f"SELECT row_number() OVER () + {before} AS line, {texts} FROM {source}"
        )
    except duckdb.Error as error:
        raise DataError(f"{path}: {_reason(error, len(there))}", hint=f"The columns are {', '.join(there)}.") from error
    numbers = [name for name, kind in columns.items() if kind == "number"]
    _check_numbers(connection, table, path, numbers)
    casts = ", ".join(
        f"CAST({quote_name(n)} AS DOUBLE) AS {quote_name(n)}" if n in numbers else quote_name(n) for n in columns
    )
    return f"SELECT line, {casts} FROM {table}"


def _header(path: Path, wanted: Mapping[str, ColumnType], skip: int) -> list[str]:
    """The names of the file's columns."""
    with io.TextIOWrapper(open_maybe_gzip(path), encoding="utf-8", errors="replace", newline="") as lines:
        found = [name.strip() for name in next(itertools.islice(csv.reader(lines), skip, None), [])]
    for name in wanted:
        if name not in found:
            raise DataError(f"{path}: line {skip + 1} names no column {name!r}{nearest(name, found)}.")
    return found


def _check_numbers(connection: DuckDBPyConnection, table: str, path: Path, numbers: list[str]) -> None:
    for name in numbers:
        # not a finite number: text, but also 'nan' and 'inf', which DuckDB reads as doubles
        bad = connection.execute(
            f"SELECT line, {quote_name(name)} FROM {table} WHERE {quote_name(name)} IS NOT NULL "
            f"AND NOT coalesce(isfinite(TRY_CAST({quote_name(name)} AS DOUBLE)), false) ORDER BY line LIMIT 1"
        ).fetchone()
        if bad:
            raise DataError(
                f"{path}: line {bad[0]}, column {name}: {bad[1]!r} is not a number.", hint="Mend or remove this line."
            )


def _cleaned(name: str, missing: tuple[str, ...]) -> str:
    cleaned = f"trim({quote_name(name)})"
    for text in missing:
        cleaned = f"nullif({cleaned}, {quote_text(text)})"
    return cleaned


def _reason(error: duckdb.Error, expected: int) -> str:
    """DuckDB's report in one sentence: it goes on for a page with the settings it used."""
    text = " ".join(str(error).split())
    line, found = re.search(r"Line: (\d+)", text), re.search(r"Found: (\d+)", text)
    if line and found:
        return f"line {line[1]} has {found[1]} columns, expected {expected}."
    return f"line {line[1]} cannot be read: {text[:200]}" if line else text.split(". ")[0][:200]
