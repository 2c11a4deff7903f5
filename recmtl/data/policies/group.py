"""The `group` policy."""

from typing import Literal

from recmtl.data.layout import CHANCE, Layout, dictionary
from recmtl.data.policies.base import BY_CHANCE, Shares
from recmtl.data.sql import hash_bits, quote_name
from recmtl.errors import ConfigError


class GroupSplit(Shares):
    """All rows of a group (a session, a user) together, so that no group is torn."""

    name: Literal["group"] = "group"
    by: Literal["group", "user"] = "group"
    """What holds rows together: the data set's own group key (its session), or the user."""

    def query(self, layout: Layout) -> str:
        """Line the groups up by chance, each as long as its rows, and cut where its middle lies. Rows without a key
        stand alone. The chance of a group is that of its key.
        """
        if self.by not in layout.keys:
            raise ConfigError(
                f"split.by is {self.by!r}, but the data set has no such key.",
                hint=f"It has: {', '.join(layout.keys)}." if layout.keys else "It has none: use 'random' or 'files'.",
            )
        column = layout.keys[self.by]
        grouped = f"""
            SELECT row, code, coalesce(bits, {quote_name(CHANCE)}) AS bits, CASE WHEN code IS NULL THEN row END AS alone
            FROM (SELECT {quote_name(column)} AS code, {BY_CHANCE} FROM raw_rows) LEFT JOIN (
                SELECT code, {hash_bits(f"{self.seed}:group:", "text")} AS bits FROM {dictionary(column)}
            ) USING (code)"""
        return f"""
            SELECT row, {self.part_at("place")} AS part
            FROM ({grouped}) AS grouped JOIN (
                SELECT code, bits, alone, (sum(n) OVER (ORDER BY bits, code, alone) - n / 2.0) / sum(n) OVER () AS place
                FROM (SELECT code, bits, alone, count(*) AS n FROM ({grouped}) GROUP BY ALL)
            ) AS lined ON grouped.bits = lined.bits AND grouped.code IS NOT DISTINCT FROM lined.code
                AND grouped.alone IS NOT DISTINCT FROM lined.alone"""
