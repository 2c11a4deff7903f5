"""The k-core of the rows: what is left when rows of rare users and rare items are taken away until none is rare."""

from duckdb import DuckDBPyConnection

from recmtl.data.layout import Layout
from recmtl.data.policies import KCore
from recmtl.data.policies.base import binary_task, key_column
from recmtl.data.sql import quote_name
from recmtl.errors import DataError


def keep_core(connection: DuckDBPyConnection, layout: Layout, wanted: KCore) -> int:
    """Delete from raw_rows what is not in the core; the core is the same in whatever order rows go.

    Returns:
        How many rows were deleted.

    Raises:
        ConfigError: the data set has no such key or task.
        DataError: no row is left.
    """
    least = wanted.least()
    columns = {key: key_column(layout, key, f"split.k_core.{key}") for key in least}
    counted = "true"
    if wanted.task is not None:
        counted = f"coalesce({quote_name(binary_task(layout, wanted.task, 'split.k_core.task').name)} = 1, false)"
    keys = "".join(f', {quote_name(column)} AS "{key}"' for key, column in columns.items())
    # rows as narrow as can be: they are gone over many times
    connection.execute(f"CREATE TEMP TABLE core AS SELECT row, {counted} AS counted{keys} FROM raw_rows")
    before = _rows(connection, "core")
    left = None
    while left != (left := _rows(connection, "core")):
        for key, rows in least.items():
            frequent = f'SELECT "{key}" FROM core GROUP BY 1 HAVING "{key}" IS NOT NULL AND count_if(counted) >= {rows}'
            connection.execute(f'DELETE FROM core WHERE "{key}" IS NULL OR "{key}" NOT IN ({frequent})')
    if not left:
        asked = " and ".join(f"{rows} of each {key}" for key, rows in least.items())
        raise DataError(
            f"split.k_core asks for {asked}, and none of {before:,} rows is left.",
            hint="Ask for fewer rows, for only one of 'user' and 'item', or leave split.k_core out.",
        )
    connection.execute("DELETE FROM raw_rows WHERE row NOT IN (SELECT row FROM core)")
    connection.execute("DROP TABLE core")
    return before - left


def _rows(connection: DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
