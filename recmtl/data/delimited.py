"""Reads delimited text strictly: every column declared, every number a number, errors with file, line and column."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import duckdb
from duckdb import DuckDBPyConnection

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
        columns: every column of the file in order.
        header: the first line after `skip` names the columns, and must name these.
        skip: lines before anything else.
        missing: texts that mean null.

    Raises:
        DataError: a line with another number of columns, a header with other names, a text where a number belongs.
    """
    if header:
        _check_header(path, columns, skip)
    before = skip + int(header)
    declared = "{" + ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in columns) + "}"
    source = (
        f"read_csv({quote_text(str(path))}, header=false, skip={before}, delim=',', quote='\"', escape='\"', columns={declared}, "
        "auto_detect=false, strict_mode=true, null_padding=false, parallel=false)"
    )
    texts = ", ".join(f"{_cleaned(name, missing)} AS {quote_name(name)}" for name in columns)
    table = quote_name(f"lines of {path}")
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT row_number() OVER () + {before} AS line, {texts} FROM {source}"
        )
    except duckdb.Error as error:
        raise DataError(f"{path}: {_reason(error, len(columns))}", hint=f"The columns are {', '.join(columns)}.") from error
    numbers = [name for name, kind in columns.items() if kind == "number"]
    _check_numbers(connection, table, path, numbers)
    casts = ", ".join(f"CAST({quote_name(n)} AS DOUBLE) AS {quote_name(n)}" if n in numbers else quote_name(n) for n in columns)
    return f"SELECT line, {casts} FROM {table}"


def _check_header(path: Path, columns: Mapping[str, ColumnType], skip: int) -> None:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for _ in range(skip):
            lines.readline()
        found = [name.strip().strip('"') for name in lines.readline().split(",")]
    if found != list(columns):
        raise DataError(
            f"{path}: line {skip + 1} names the columns {', '.join(found)}; expected {', '.join(columns)}.",
            hint="Check that this is the data set's own file.",
        )


def _check_numbers(connection: DuckDBPyConnection, table: str, path: Path, numbers: list[str]) -> None:
    for name in numbers:
        # not a finite number: text, but also 'nan' and 'inf', which DuckDB reads as doubles
        bad = connection.execute(
            f"SELECT line, {quote_name(name)} FROM {table} WHERE {quote_name(name)} IS NOT NULL "
            f"AND NOT coalesce(isfinite(TRY_CAST({quote_name(name)} AS DOUBLE)), false) ORDER BY line LIMIT 1"
        ).fetchone()
        if bad:
            raise DataError(f"{path}: line {bad[0]}, column {name}: {bad[1]!r} is not a number.", hint="Mend or remove this line.")


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
