"""The same thing in two parts of a split: rows that a model is measured on although it has learnt them."""

from dataclasses import dataclass
from typing import Any, Literal

from duckdb import DuckDBPyConnection

from recmtl.data.coded import ROW_KEY, text_of
from recmtl.data.layout import PART, Key, Layout
from recmtl.data.policies import PARTS
from recmtl.data.sql import quote_name, quote_text
from recmtl.schema import Schema

PAIR: tuple[Key, ...] = ("user", "item")


@dataclass(frozen=True)
class Repeats:
    """What lies in more than one part."""

    of: Literal["events", "pairs", "rows"]
    """What was compared: user, item and time, which no two rows of a log share by right; user and item, where there is
    no time; or else all features and labels. Only repeated events are a leak: a user meets an item again, and two
    people fill in a form alike.
    """
    count: int
    """How many different ones lie in two parts or three."""
    example: dict[str, str]
    """Column -> value of the first one, by its row; of whole rows nothing but the row."""
    parts: tuple[str, ...]
    """Where the example lies."""
    row: int | None
    """Its first row."""

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"of": self.of, "count": self.count, "example": self.example, "parts": [*self.parts], "row": self.row}


def find_repeats(connection: DuckDBPyConnection, layout: Layout, schema: Schema) -> Repeats:
    """Look through the table `rows`. Events and pairs with a missing key are left out."""
    of: Literal["events", "pairs", "rows"] = (
        "events" if layout.keys.keys() >= {*ROW_KEY} else "pairs" if layout.keys.keys() >= {*PAIR} else "rows"
    )
    keys = {"events": ROW_KEY, "pairs": PAIR, "rows": ()}[of]
    columns = [layout.keys[key] for key in keys] or [*dict.fromkeys((*schema.raw_columns, *schema.task_names))]
    names = ", ".join(map(quote_name, columns))
    shown = f", {names}" if keys else ""
    known = " AND ".join(f"{quote_name(column)} IS NOT NULL" for column in columns) if keys else "true"
    part = quote_name(PART)
    place = " ".join(f"WHEN {quote_text(name)} THEN {1 << i}::UTINYINT" for i, name in enumerate(PARTS))
    several = f"bit_or(CASE {part} {place} END) NOT IN ({', '.join(str(1 << i) for i in range(len(PARTS)))})"
    # an event is a row's own key: those that share one with another are known (see `coded`)
    rows = "(SELECT * FROM rows WHERE row IN (SELECT row FROM alike))" if of == "events" else "rows"
    # rows are grouped by a hash first, which is narrower than they are; the hash decides nothing
    found = connection.execute(f"""
        WITH hashes AS (
            SELECT hash({names}) AS hash FROM {rows} WHERE {known} GROUP BY 1 HAVING {several})
        SELECT count(*) OVER (), min(row), list_sort(list(DISTINCT {part})){shown}
        FROM {rows} WHERE {known} AND hash({names}) IN (SELECT hash FROM hashes)
        GROUP BY {names} HAVING {several} ORDER BY min(row) LIMIT 1""").fetchall()
    if not found:
        return Repeats(of, 0, {}, (), None)
    count, row, parts, *codes = found[0]
    # of rows no column is shown
    example = {column: str(text_of(connection, column, code)) for column, code in zip(columns, codes, strict=False)}
    return Repeats(of, count, example, tuple(parts), row)
