"""Reads the raw rows of a data set into the table `raw_rows`, and refuses values that are none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from duckdb import DuckDBPyConnection

from recmtl.data.coded import code_rows
from recmtl.data.layout import DOMAIN, Layout, dictionary
from recmtl.data.sql import quote_name, quote_text
from recmtl.errors import DataError
from recmtl.schema import Task

MAX_NUMBER = 3.4028234663852886e38
"""The largest float32: numbers and scores are stored as such."""
MAX_LABEL = 1e12
"""Of a regression without bounds; a larger one is a mistake of units, and its mean could not be exact."""


@dataclass(frozen=True)
class Source:
    """Raw rows that are about to be read."""

    name: str
    """What the schema calls them."""
    layout: Layout
    query: str
    """Gives them, with the columns that the layout names and `row`."""
    place: str
    """Where they lie, for errors."""
    hint: str = "Mend or remove this row; rows are counted over the files in order."
    """How to find a row that is refused."""
    vectors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Vector feature -> the query for its `value` and `vector`."""
    stored: bool = False
    """The query only looks into tables, so that it may well be run several times."""


def load_rows(connection: DuckDBPyConnection, source: Source, seed: int) -> int:
    """Make the table `raw_rows` (see `coded`): how many rows it has. The seed is that of the rows' chance.

    Raises:
        DataError: there are no rows; a row has no domain; a number, label or weight is out of range.
    """
    layout, query = source.layout, source.query
    if not source.stored:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE rows_as_read AS {query}")
        query = "SELECT * FROM rows_as_read"
    code_rows(connection, query, layout, _domain(layout) if layout.domain else quote_text(source.name), seed)
    rows, homeless = connection.execute(
        f"SELECT count(*), count(*) FILTER ({quote_name(DOMAIN)} IS NULL) FROM raw_rows"
    ).fetchall()[0]
    if not rows:
        raise DataError(f"{source.place} holds no rows of {source.name}.", hint="Look at its files: are they empty?")
    if homeless:
        _refuse_homeless(connection, source, f"{homeless:,} of {rows:,} rows")
    _drop_others(connection, source)
    wanted = f"between {-MAX_NUMBER:.1e} and {MAX_NUMBER:.1e}"
    for name in (*layout.numbers, *(score.name for score in layout.scores)):
        _require(connection, source, name, f"abs({quote_name(name)}) <= {MAX_NUMBER!r}", repr(name), wanted)
    for task in layout.tasks:
        _check_labels(connection, source, task)
    if layout.weight:
        fits = f"coalesce({quote_name(layout.weight)}, -1) BETWEEN 0 AND {MAX_NUMBER!r}"
        _require(connection, source, layout.weight, fits, f"the weight {layout.weight!r}", "a number of at least 0")
    return int(rows)


def _drop_others(connection: DuckDBPyConnection, source: Source) -> None:
    """What the reader kept, but for what vectors are yet to be read from: its memory is wanted."""
    wanted = {quote_name("raw_rows"), quote_name("alike"), *map(dictionary, source.layout.text_columns)}
    tables = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_type = 'LOCAL TEMPORARY'")
    for table in {quote_name(name) for (name,) in tables.fetchall()} - wanted:
        if not any(table in query for query in source.vectors.values()):
            connection.execute(f"DROP TABLE {table}")


def _domain(layout: Layout) -> str:
    """SQL: a row's domain, null where there is none."""
    value = f"CAST({quote_name(str(layout.domain))} AS VARCHAR)"
    if not layout.domain_groups:
        return value
    groups = " ".join(f"WHEN {quote_text(v)} THEN {quote_text(group)}" for v, group in layout.domain_groups.items())
    return f"CASE {value} {groups} END"


def _refuse_homeless(connection: DuckDBPyConnection, source: Source, how_many: str) -> None:
    layout = source.layout
    row, value = connection.execute(
        f"SELECT row, CAST({quote_name(str(layout.domain))} AS VARCHAR) AS value FROM ({source.query}) "
        f"WHERE ({_domain(layout)}) IS NULL ORDER BY value IS NULL, row LIMIT 1"
    ).fetchall()[0]
    place = f"{source.place}, row {row}: the domain column {layout.domain!r}"
    if value is not None:
        raise DataError(
            f"{place} is {value!r}, which is in no group ({how_many} are in none).",
            hint=f"The groups hold: {', '.join(layout.domain_groups)}.",
        )
    raise DataError(f"{place} is missing ({how_many} have none).", hint=source.hint)


def _check_labels(connection: DuckDBPyConnection, source: Source, task: Task) -> None:
    if task.kind == "binary":
        condition, wanted = f"{quote_name(task.name)} IN (0, 1)", "0 or 1"
    else:
        low, high = task.bounds or (-MAX_LABEL, MAX_LABEL)
        condition = f"{quote_name(task.name)} BETWEEN {low!r} AND {high!r}"
        wanted = f"between {low:g} and {high:g}"
    _require(connection, source, task.name, condition, f"the label {task.name!r}", wanted)


def _require(
    connection: DuckDBPyConnection, source: Source, column: str, condition: str, what: str, wanted: str
) -> None:
    bad = connection.execute(
        f"SELECT row, {quote_name(column)} FROM raw_rows WHERE NOT ({condition}) ORDER BY row LIMIT 1"
    ).fetchone()
    if bad:
        shown = "missing" if bad[1] is None else f"{bad[1]:g}"
        raise DataError(f"{source.place}, row {bad[0]}: {what} is {shown}; it must be {wanted}.", hint=source.hint)
