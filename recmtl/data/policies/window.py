"""The `window` policy."""

from typing import Literal

from pydantic import PositiveInt

from recmtl.data.layout import Key, Layout
from recmtl.data.policies.base import SplitConfig, key_column
from recmtl.data.times import DAY, moment_in_microseconds, times


class WindowSplit(SplitConfig):
    """Whole days before `until`, counted back from it: the last ones test, those before them validate, those before
    these train. Rows of other days are left out. Without `until`, it is the end of the last day (UTC) that has a row.
    """

    name: Literal["window"] = "window"
    train_days: PositiveInt = 30
    """Days that train."""
    valid_days: PositiveInt = 1
    """Days that validate."""
    test_days: PositiveInt = 1
    """Days that test."""

    def needs(self) -> tuple[Key, ...]:
        """The time."""
        return ("time",)

    def query(self, layout: Layout) -> str:
        """Compare each row's time with the three beginnings."""
        column = key_column(layout, "time", "split.name 'window'")
        test = self.test_days * DAY
        valid = test + self.valid_days * DAY
        train = valid + self.train_days * DAY
        return f"""
            SELECT row, CASE WHEN us >= ending - {test} THEN 'test' WHEN us >= ending - {valid} THEN 'valid'
                ELSE 'train' END AS part
            FROM ({times(column)}) CROSS JOIN ({self.ending(column)}) WHERE us >= ending - {train} AND us < ending"""

    def ending(self, column: str) -> str:
        """SELECT the first microsecond after the test rows AS ending."""
        if self.until is not None:
            end = f"any_value({moment_in_microseconds(self.until)})"
        else:
            # floor goes down before 1970 too, where a division of whole numbers would go up
            end = f"(floor(floor(max(us))::DOUBLE / {DAY})::HUGEINT + 1) * {DAY}"
        return f"SELECT {end} AS ending FROM ({times(column)})"

    def mend(self, part: str) -> str:
        """Days without rows."""
        return f"No row lies in its days: give it more split.{part}_days, or another split.until."
