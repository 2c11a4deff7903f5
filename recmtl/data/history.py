"""What each row's user did before it: a sequence feature, made from the rows themselves and without looking ahead.

A row lists what is strictly before its own time: neither itself, nor what happened at the same moment, nor anything
later. Items of one moment follow each other by their text (codes go as the texts do). So a list depends on nothing but
the user's earlier rows.

Lists are cut from blocks, and each positive row is in two of these: as long as the whole past of a user may be, no row
is joined with more than twice the wanted length.
"""

from dataclasses import replace
from types import MappingProxyType

from duckdb import DuckDBPyConnection

from recmtl.config import likely
from recmtl.data.filters import check_times
from recmtl.data.layout import Layout
from recmtl.data.policies import History, SplitConfig
from recmtl.data.policies.base import binary_task, key_column
from recmtl.data.sql import quote_name
from recmtl.data.times import times
from recmtl.errors import ConfigError

PASS_ROWS = 1_000_000
"""About so many rows are looked at together: DuckDB does not spill the lists that it is making."""


def add_history(connection: DuckDBPyConnection, layout: Layout, policy: SplitConfig, place: str, hint: str) -> Layout:
    """Add to raw_rows the column that `policy.history` asks for: lists of the item's codes, empty where nothing is
    before.

    Args:
        connection: it holds the table `raw_rows`.
        layout: of that table.
        policy: what is asked for.
        place: where the rows lie, for errors.
        hint: how to find a row that is refused.

    Returns:
        The layout with that sequence, which shares the item's embedding table.

    Raises:
        ConfigError: the data set has no such key, feature or task, or a column of that name already.
        DataError: a time is none.
    """
    wanted = policy.history
    if wanted is None:
        return layout
    user, time = (key_column(layout, key, "split.history") for key in ("user", "time"))
    item = _item(layout, wanted)
    label = quote_name(binary_task(layout, wanted.task, "split.history.task").name)
    _refuse_taken(connection, layout, wanted.name)
    check_times(connection, time, place, hint, required=False)
    connection.execute(f"CREATE TEMP TABLE past_events AS {_events(quote_name(user), time, label, quote_name(item))}")
    _list_past(connection, wanted.length)
    connection.execute(f"CREATE TEMP TABLE raw_rows_with_past AS {_joined(wanted.name)}")
    for table in ("past_events", "past_lists", "raw_rows"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("ALTER TABLE raw_rows_with_past RENAME TO raw_rows")
    return replace(
        layout,
        sequences=(*layout.sequences, wanted.name),
        listed=MappingProxyType({wanted.name: item}),
        tables=MappingProxyType({**layout.tables, wanted.name: layout.table(item)}),
    )


def _item(layout: Layout, wanted: History) -> str:
    """The feature whose values are listed."""
    features = f"Categorical features: {', '.join(layout.categorical)}." if layout.categorical else "It has none."
    if wanted.item is not None:
        if wanted.item not in layout.categorical:
            close = likely(wanted.item, layout.categorical)
            raise ConfigError(
                f"split.history.item: there is no categorical feature {wanted.item!r}{close}.", hint=features
            )
        return wanted.item
    key_column(layout, "item", "split.history without 'item'")
    item = layout.keys["item"]
    if item not in layout.categorical:
        raise ConfigError(
            f"split.history lists the item's column {item!r}, which is no categorical feature of the data set.",
            hint=f"Name another one as split.history.item. {features}",
        )
    return item


def _refuse_taken(connection: DuckDBPyConnection, layout: Layout, name: str) -> None:
    columns = [column for column, *_ in connection.execute("DESCRIBE raw_rows").fetchall()]
    # SQL does not tell capitals apart
    taken = {column.lower() for column in (*columns, *(vector.name for vector in layout.vectors))}
    if name.lower() in taken:
        raise ConfigError(
            f"split.history.name: the data set has a column {name!r} already.", hint="Give the history another name."
        )


def _list_past(connection: DuckDBPyConnection, length: int) -> None:
    """Make the table past_lists of past_events, some of the users at a time."""
    rows = int(connection.execute("SELECT count(*) FROM past_events").fetchall()[0][0])
    passes = max(1, -(-rows // PASS_ROWS))
    connection.execute('CREATE TEMP TABLE past_lists ("past:row" BIGINT, "past:items" INTEGER[])')
    for place in range(passes):
        # the hash decides who is looked at together, and nothing else
        users = f"hash(person) % {passes} = {place}"
        connection.execute(f"CREATE TEMP TABLE past_counts AS {_counts(users)}")
        connection.execute(f"CREATE TEMP TABLE past_blocks AS {_blocks(users, length)}")
        connection.execute(f"INSERT INTO past_lists {_lists(length)}")
        connection.execute("DROP TABLE past_counts")
        connection.execute("DROP TABLE past_blocks")


def _events(user: str, time: str, label: str, item: str) -> str:
    """SQL: the rows of a user and a time, with their item if it is to be listed."""
    return f"""
        SELECT raw_rows.row AS row, raw_rows.{user} AS person, "time:moment" AS moment,
            CASE WHEN raw_rows.{label} = 1 THEN raw_rows.{item} END AS item
        FROM raw_rows
        JOIN (SELECT row AS "time:row", moment AS "time:moment" FROM ({times(time)})) ON row = "time:row"
        WHERE raw_rows.{user} IS NOT NULL AND "time:moment" IS NOT NULL"""


def _counts(users: str) -> str:
    """SQL: how many of the user's items are before each row. The first count includes the row's own moment."""
    return f"""
        SELECT row, person,
            count(item) OVER (PARTITION BY person ORDER BY moment)
            - count(item) OVER (PARTITION BY person, moment) AS before
        FROM past_events WHERE {users}"""


def _blocks(users: str, length: int) -> str:
    """SQL: the items of each user, so that block b has those of the places from (b - 1) * length to below
    (b + 1) * length.
    """
    return f"""
        SELECT person, block, list(item ORDER BY place) AS items
        FROM (
            SELECT person, item, place, unnest([place // {length}, place // {length} + 1]) AS block
            FROM (
                SELECT person, item, row_number() OVER (PARTITION BY person ORDER BY moment, item) - 1 AS place
                FROM past_events WHERE item IS NOT NULL AND {users}))
        GROUP BY person, block"""


def _lists(length: int) -> str:
    """SQL: the newest items before each row that has any, out of the block that ends with or after them."""
    start = f"greatest(block - 1, 0) * {length}"
    return f"""
        SELECT row AS "past:row", items[greatest(before - {start} - {length - 1}, 1):before - {start}] AS "past:items"
        FROM past_counts JOIN past_blocks
        ON past_counts.person = past_blocks.person AND (before - 1) // {length} = block
        WHERE before > 0"""


def _joined(name: str) -> str:
    """SQL: raw_rows with their lists."""
    return f"""
        SELECT raw_rows.*, coalesce("past:items", []) AS {quote_name(name)}
        FROM raw_rows LEFT JOIN past_lists ON row = "past:row" """
