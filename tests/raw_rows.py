"""The table that policies deal, made from columns of a test's own; and a reader's rows with all texts as texts."""

import pyarrow as pa
from duckdb import DuckDBPyConnection

from recmtl.data.coded import code_rows
from recmtl.data.layout import DOMAIN, Layout, dictionary
from recmtl.data.sql import quote_name


def make_raw_rows(connection: DuckDBPyConnection, rows: pa.Table, layout: Layout, seed: int) -> None:
    """`raw_rows`; the domain is the text in the column DOMAIN, and columns that are not there are missing in every
    row.
    """
    nothing = {name: pa.nulls(len(rows), pa.string()) for name in layout.text_columns}
    nothing |= {task.name: pa.nulls(len(rows), pa.float64()) for task in layout.tasks}
    nothing |= {"part": pa.nulls(len(rows), pa.string())} if layout.ready_made else {}
    for name in [name for name in nothing if name not in rows.column_names]:
        rows = rows.append_column(name, nothing[name])
    connection.register("given", rows)
    code_rows(connection, "SELECT * FROM given", layout, quote_name(DOMAIN), seed)


def decoded(connection: DuckDBPyConnection, query: str) -> str:
    """The query with texts where a reader gave codes."""
    kinds = connection.execute(f"DESCRIBE {query}").fetchall()
    coded = [name for name, kind, *_ in kinds if kind == "INTEGER"]
    texts = ", ".join(f"(SELECT text FROM {dictionary(name)} WHERE code = {name}) AS {name}" for name in coded)
    return f"SELECT * REPLACE ({texts}) FROM ({query})" if coded else query
