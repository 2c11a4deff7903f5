"""Rows lined up by chance, and cut at shares of them."""

from collections.abc import Callable, Mapping

from recmtl.data.layout import CHANCE, PART
from recmtl.data.policies.base import BY_CHANCE
from recmtl.data.sql import quote_name

_BITS = 10
"""Of a row's chance, by which rows are counted together."""


def cut_by_chance(within: Mapping[str, str], part_at: Callable[[str], str]) -> str:
    """SELECT all of raw_rows, and the part as PART: by the place, in 0..1, that a row has in the random order of the
    rows that agree on `within`.

    Rows are counted by the first bits of their chance. Those with the same bits are of one part, but for the few that a
    cut goes through: only these are ranked one by one.

    Args:
        within: name -> SQL over raw_rows, never null; `part_at` may look at it as the column "cut:<name>".
        part_at: the SQL of a part, given that of a place.
    """
    bits = f"{quote_name(CHANCE)} >> {64 - _BITS}"
    names = [quote_name(f"cut:{name}") for name in within]
    same = " AND ".join(f"{name} = {value}" for name, value in zip(names, within.values(), strict=True))
    keys = ", ".join(names)
    counted = f"""
        SELECT {", ".join(f"{value} AS {name}" for name, value in zip(names, within.values(), strict=True))},
            {bits} AS "cut:bits", count(*) AS "cut:n"
        FROM raw_rows GROUP BY ALL"""
    lined = f"""
        SELECT *, sum("cut:n") OVER (PARTITION BY {keys} ORDER BY "cut:bits") - "cut:n" AS "cut:before",
            sum("cut:n") OVER (PARTITION BY {keys}) AS "cut:all"
        FROM ({counted})"""
    ends = f"""
        SELECT *, {part_at(_place("0.5"))} AS "cut:first", {part_at(_place('"cut:n" - 0.5'))} AS "cut:last"
        FROM ({lined})"""
    ranked = f"""
        SELECT row AS "cut:row", * EXCLUDE (row),
            row_number() OVER (PARTITION BY {keys}, "cut:bits" ORDER BY {BY_CHANCE}) AS "cut:rank"
        FROM (SELECT {BY_CHANCE}, cuts.* FROM raw_rows JOIN cuts ON {same} AND "cut:bits" = {bits}
            WHERE "cut:first" <> "cut:last")"""
    return f"""
        WITH cuts AS ({ends}),
        torn AS (SELECT "cut:row", {part_at(_place('"cut:rank" - 0.5'))} AS "cut:part" FROM ({ranked}))
        SELECT raw_rows.*, coalesce("cut:part", "cut:first") AS {quote_name(PART)}
        FROM raw_rows JOIN cuts ON {same} AND "cut:bits" = {bits} LEFT JOIN torn ON "cut:row" = raw_rows.row"""


def _place(among: str) -> str:
    """SQL: the place of a row, given its place among those with the same bits."""
    return f'(("cut:before" + {among}) / "cut:all")'
