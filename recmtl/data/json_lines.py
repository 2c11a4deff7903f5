"""Reads JSON lines strictly into a table: one object a line, the wanted keys as texts, errors with file and line.

For large files whose keys are known: DuckDB reads them. A user's own tables, whose columns have kinds that must be
found out, are read by `json_pieces`.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.data.lines import PLACE, Lines, literal_path, looked_over, trimmed
from recmtl.data.sql import quote_name, quote_text
from recmtl.errors import DataError


@dataclass(frozen=True)
class JsonLines(Lines):
    """The objects of a file; a key that is lacking or null is null, one that is an object or a list its JSON."""

    def line(self, place: int) -> int:
        """Empty lines come between."""
        return next(itertools.islice(_filled(self.path), place - 1, None))[0]


def read_json_lines(connection: DuckDBPyConnection, path: Path, keys: Sequence[str]) -> JsonLines:
    """The wanted keys of a file's objects as trimmed VARCHAR columns, null where empty; empty lines are passed over.

    Args:
        connection: where the rows are kept.
        path: the file, plain or gzip.
        keys: those that are wanted; others are passed over.

    Raises:
        MissingError: the file is not there.
        DamagedError: its gzip stream is.
        DataError: a line is not one object, or holds a NUL character.
    """
    declared = "{" + ", ".join(f"{quote_text(key)}: 'VARCHAR'" for key in keys) + "}"
    texts = ", ".join(f"nullif({trimmed(quote_name(key))}, '') AS {quote_name(key)}" for key in keys)
    table = quote_name(f"lines of {path}")
    try:
        with looked_over(path) as content:
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {texts} "
                f"FROM read_json({quote_text(literal_path(path))}, format='newline_delimited', records='true', "
                f"compression='{content.packed}', columns={declared})"
            )
    except duckdb.InvalidInputException as error:
        problem = _problem(path) or " ".join(str(error).split())[:200]
        raise DataError(f"{path}: {problem}.", hint="Each line is one JSON object. Fetch the file again.") from error
    read = JsonLines(path, table, f"SELECT {PLACE} AS place, * FROM {table}")
    for key in keys:
        name = quote_name(key)
        read.require(connection, key, f"{name} IS NULL OR NOT contains({name}, chr(0))", "holds a NUL byte")
    return read


def _problem(path: Path) -> str | None:
    """What is wrong with the first line that is no object; DuckDB does not count empty lines."""
    for number, line in _filled(path):
        try:
            found = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"), object_pairs_hook=_each_once)
        except UnicodeDecodeError:
            return f"line {number} is not UTF-8 text"
        except json.JSONDecodeError as error:
            return f"line {number} is no JSON object: {error.msg[:1].lower()}{error.msg[1:]} at column {error.colno}"
        except (ValueError, RecursionError) as error:
            return f"line {number} {error}"
        if not isinstance(found, dict):
            return f"line {number} is no JSON object"
    return None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"has {next(key for key in keys if keys.count(key) > 1)[:100]!r} twice")
    return found


def _filled(path: Path) -> Iterator[tuple[int, bytes]]:
    """Every line that is not empty, without its end, and its number."""
    with open_maybe_gzip(path) as file:
        yield from ((number, line.rstrip(b"\r\n")) for number, line in enumerate(file, start=1) if line.strip())
