"""Files that refer to each other by ids: an id is there once where it is described, and described where it is used."""

from duckdb import DuckDBPyConnection

from recmtl.data.delimited import Delimited


def require_unique(connection: DuckDBPyConnection, lines: Delimited, column: str) -> None:
    """Refuse the first line without an id, or with one that an earlier line has.

    Raises:
        DataError: names file, line and column.
    """
    lines.require(connection, column, f"{column} IS NOT NULL", "is no id")
    first = f"rowid IN (SELECT min(rowid) FROM {lines.table} GROUP BY {column})"
    lines.require(connection, column, first, "is there a second time")


def require_known(connection: DuckDBPyConnection, lines: Delimited, column: str, others: Delimited) -> None:
    """Refuse the first line whose id is not one of `others`.

    Raises:
        DataError: names file, line and column, and the other file.
    """
    known = f"{column} IN (SELECT {column} FROM {others.table})"
    lines.require(connection, column, known, f"is not in {others.path.name}")
