"""The `group` policy."""

from typing import Literal

from recmtl.data.layout import Layout
from recmtl.data.policies.base import Shares, chance
from recmtl.data.sql import quote_name
from recmtl.errors import ConfigError


class GroupSplit(Shares):
    """All rows of a group (a session, a user) together, so that no group is torn."""

    name: Literal["group"] = "group"
    by: Literal["group", "user"] = "group"
    """What holds rows together: the data set's own group key (its session), or the user."""

    def query(self, layout: Layout) -> str:
        """Line the groups up by chance, each as long as its rows, and cut where its middle lies. Rows without a key
        stand alone.
        """
        if self.by not in layout.keys:
            raise ConfigError(
                f"split.by is {self.by!r}, but the data set has no such key.",
                hint=f"It has: {', '.join(layout.keys)}." if layout.keys else "It has none: use 'random' or 'files'.",
            )
        key = f"coalesce('k' || {quote_name(layout.keys[self.by])}, 'r' || row)"
        return f"""
            SELECT row, {self.part_at("place")} AS part
            FROM (SELECT row, {key} AS torn FROM raw_rows) JOIN (
                SELECT torn, (sum(n) OVER (ORDER BY {chance(self.seed, "torn")}, torn) - n / 2.0)
                    / sum(n) OVER () AS place
                FROM (SELECT {key} AS torn, count(*) AS n FROM raw_rows GROUP BY ALL)
            ) USING (torn)"""
