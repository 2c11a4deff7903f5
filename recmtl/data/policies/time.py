"""The `time` policy."""

from typing import Literal

from recmtl.data.layout import Key, Layout
from recmtl.data.policies.base import DOMAIN_COLUMN, Shares, key_column
from recmtl.data.times import times


class TimeSplit(Shares):
    """The past trains, what follows validates, the newest rows test. Rows of the very same time stay together: where
    they lie across a cut they go to the side that their middle row is on, so a part misses its share by no more than
    half of them.
    """

    name: Literal["time"] = "time"
    within: Literal["domain", "all"] = "domain"
    """Cut the rows of each domain at times of its own, or all rows at the same times."""

    def needs(self) -> tuple[Key, ...]:
        """The time."""
        return ("time",)

    def query(self, layout: Layout) -> str:
        """Line the times up, each as long as its rows, and cut where its middle lies."""
        column = key_column(layout, "time", "split.name 'time'")
        where = DOMAIN_COLUMN if self.within == "domain" else "'all'"
        here = f"SELECT row, {where} AS here FROM raw_rows"
        timed = f"SELECT row, moment, here FROM ({here}) JOIN ({times(column)}) USING (row)"
        return f"""
            SELECT row, {self.part_at("place")} AS part FROM ({timed}) JOIN (
                SELECT here, moment, (sum(n) OVER (PARTITION BY here ORDER BY moment) - n / 2.0)
                    / sum(n) OVER (PARTITION BY here) AS place
                FROM (SELECT here, moment, count(*) AS n FROM ({timed}) GROUP BY ALL)
            ) USING (here, moment)"""

    def mend(self, part: str) -> str:
        """Shares, or times that are too few."""
        return f"Give {part} a larger share in the section 'split'; rows of the very same time are never torn apart."
