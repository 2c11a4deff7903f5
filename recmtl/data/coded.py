"""The table `raw_rows`: what a reader gives, with texts as numbers and with each row's own chance.

A text column holds codes (INTEGER, null where missing), and a dictionary beside it holds the texts: rows of numbers are
sorted, joined and grouped several times as fast as rows of texts, in half the memory. Codes go as the texts do, byte by
byte, so that an order by code is an order by text.

A row's chance is a number of 64 bits from the seed and the row's own key: its user, item and time, where the data set
has all three, else its features and labels. Parts and the order of rows come from it, so they depend neither on the
order of the files nor on threads, nor, where there are keys, on which features are read. Rows with one key are told
apart by what else they hold, and rows alike in everything by their number among their like. The rows that share a key
with another one stay in the table `alike`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import pyarrow as pa
from duckdb import DuckDBPyConnection

from recmtl.data.layout import CHANCE, DOMAIN, Key, Layout, dictionary
from recmtl.data.sql import hash_bits, quote_name

ROW_KEY: tuple[Key, ...] = ("user", "item", "time")
"""The keys that name a row, where a data set has them all."""


def texts_of(connection: DuckDBPyConnection, column: str) -> pa.Array:
    """The texts of a column, by code."""
    found = connection.sql(f"SELECT text FROM {dictionary(column)} ORDER BY code").to_arrow_table()["text"]
    return pa.concat_arrays(found.chunks) if found.num_chunks else pa.array([], pa.string())


def count_texts(connection: DuckDBPyConnection, column: str) -> int:
    """How many texts a column has."""
    return int(connection.execute(f"SELECT count(*) FROM {dictionary(column)}").fetchall()[0][0])


def text_of(connection: DuckDBPyConnection, column: str, code: int | None) -> str | None:
    """The text of one code; None where it is missing."""
    found = connection.execute(f"SELECT text FROM {dictionary(column)} WHERE code = ?", [code]).fetchone()
    return found[0] if found else None


def text_in_row(connection: DuckDBPyConnection, column: str, row: int) -> str | None:
    """The text of a column in one row of raw_rows; None where it is missing."""
    query = f"SELECT {quote_name(column)} FROM raw_rows WHERE row = ?"
    return text_of(connection, column, connection.execute(query, [row]).fetchall()[0][0])


def code_table(connection: DuckDBPyConnection, table: str, columns: Iterable[str], order: Sequence[str]) -> None:
    """Put codes in place of the texts in some columns of a temporary table, and make their dictionaries. Rows are put
    in the order of the columns `order`, so that those of a few of their codes are found without a look at all.
    """
    alias = {column: f"d{i}" for i, column in enumerate(columns)}
    for column in alias:
        _make_dictionary(connection, column, f"SELECT {quote_name(column)} AS text FROM {table}")
    codes = ", ".join(f"{d}.code AS {quote_name(column)}" for column, d in alias.items())
    joins = " ".join(
        f"LEFT JOIN {dictionary(column)} AS {d} ON {d}.text = given.{quote_name(column)}" for column, d in alias.items()
    )
    coded = f"SELECT given.* REPLACE ({codes}) FROM {table} AS given {joins}"
    by = ", ".join(map(quote_name, order))
    connection.execute(f"CREATE TEMP TABLE being_coded AS SELECT * FROM ({coded}) ORDER BY {by}")
    connection.execute(f"DROP TABLE {table}")
    connection.execute(f"ALTER TABLE being_coded RENAME TO {table}")


def code_rows(connection: DuckDBPyConnection, query: str, layout: Layout, domain: str, seed: int) -> None:
    """Make `raw_rows`.

    Args:
        connection: where it will be.
        query: gives `row` and the columns that the layout names; it is run several times. A text column may hold codes
            already, by `code_table`.
        layout: of the query's columns.
        domain: SQL over the query's columns, the text of a row's domain; for a domain column that is a text column
            itself its codes are taken.
        seed: of the rows' chance.
    """
    kinds = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {query}").fetchall()}
    texts = {column: quote_name(column) for column in layout.text_columns} | {DOMAIN: domain}
    same = layout.domain if layout.domain in texts and not layout.domain_groups else None
    if same:
        del texts[DOMAIN]
    coded = {column for column in texts if kinds.get(column) == "INTEGER"}
    for column in texts.keys() - coded:
        _make_dictionary(connection, column, f"SELECT {texts[column]} AS text FROM ({query})")
    others, of_key = _others(layout), _of_key(layout, texts)
    alias = {column: f"d{i}" for i, column in enumerate(texts)}
    given = [f'{text} AS "text:{alias[column]}"' for column, text in texts.items()]
    given += [f"{value} AS {quote_name(column)}" for column, value in others.items()]
    codes = {column: f'"text:{d}"' if column in coded else f"{d}.code" for column, d in alias.items()}
    if same:
        codes[DOMAIN] = codes[same]
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {dictionary(DOMAIN)} AS FROM {dictionary(same)}")
    columns = [f"given.{quote_name(name)}" for name in ("row", *others)]
    columns += [f"{code} AS {quote_name(column)}" for column, code in codes.items()]
    joins = [
        f'LEFT JOIN {dictionary(column)} AS {d} ON {d}.{"code" if column in coded else "text"} = "text:{d}"'
        for column, d in alias.items()
        if column in of_key or column not in coded
    ]
    chance = _chance(layout, [f"coalesce({alias[column]}.bits, 0)" for column in of_key], seed)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE raw_rows AS SELECT {", ".join(columns)}, {chance} AS {quote_name(CHANCE)}
        FROM (SELECT row, {", ".join(given)} FROM ({query})) AS given {" ".join(joins)}""")
    _tell_apart(connection, [*others, *texts], seed)


def _make_dictionary(connection: DuckDBPyConnection, column: str, texts: str) -> None:
    """Of the texts that the query `texts` gives in its column `text`."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {dictionary(column)} AS
        SELECT (row_number() OVER (ORDER BY text) - 1)::INTEGER AS code, text, {hash_bits(f"{column}:", "text")} AS bits
        FROM (SELECT DISTINCT text FROM ({texts})) WHERE text IS NOT NULL""")


def _of_key(layout: Layout, texts: Collection[str]) -> Collection[str]:
    """The text columns that are a row's own key."""
    named = layout.keys.keys() >= {*ROW_KEY}
    return dict.fromkeys(layout.keys[key] for key in ROW_KEY) if named else texts


def _chance(layout: Layout, bits: list[str], seed: int) -> str:
    """SQL: a row's chance by its key alone, given the bits of the key's texts."""
    if not layout.keys.keys() >= {*ROW_KEY}:
        untold = (*layout.numbers, *layout.sequences, *(task.name for task in layout.tasks))
        bits = [*bits, hash_bits("", _together(untold))]
    # MD5 once more: by exclusive or alone, two users would have the same or the opposite chance with every item
    return hash_bits(f"{seed}:", f"({_xor(bits)})::VARCHAR")


def _others(layout: Layout) -> Mapping[str, str]:
    """Column -> SQL of its value, of those that are no texts."""
    # + 0.0 makes one value of 0.0 and -0.0, as they are one in SQL
    numbers = {name: f"CAST({quote_name(name)} AS DOUBLE) + 0.0::DOUBLE" for name in layout.numbers}
    names = [*layout.sequences, *(item.name for item in layout.tasks + layout.scores)]
    names += [layout.weight] if layout.weight else []
    names += ["part"] if layout.ready_made else []
    return numbers | {name: quote_name(name) for name in names}


def _together(columns: Sequence[str]) -> str:
    """SQL: a text of all their values; what stands between them is in none."""
    values = ", ".join(f"coalesce(given.{quote_name(column)}::VARCHAR, chr(30))" for column in columns)
    return f"concat_ws(chr(31), {values})"


def _xor(numbers: list[str]) -> str:
    return numbers[0] if len(numbers) == 1 else f"xor({numbers[0]}, {_xor(numbers[1:])})"


def _tell_apart(connection: DuckDBPyConnection, columns: list[str], seed: int) -> None:
    """Give rows that share a chance each its own, but one; which rows these are stays in the table `alike`."""
    chance, order = quote_name(CHANCE), ", ".join(map(quote_name, columns))
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE alike AS
        SELECT row, row_number() OVER (PARTITION BY {chance} ORDER BY {order}, row) AS place FROM raw_rows
        WHERE {chance} IN (SELECT {chance} FROM raw_rows GROUP BY 1 HAVING count(*) > 1)""")
    again = hash_bits(f"{seed}:again:", "place::VARCHAR")
    connection.execute(f"""
        UPDATE raw_rows SET {chance} = xor(raw_rows.{chance}, told.bits)
        FROM (SELECT row, {again} AS bits FROM alike WHERE place > 1) AS told WHERE raw_rows.row = told.row""")
