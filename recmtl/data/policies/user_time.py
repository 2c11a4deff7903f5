"""The `user_time` policy."""

from typing import Literal, Self

from pydantic import NonNegativeInt, model_validator

from recmtl.config import Config
from recmtl.data.layout import Key, Layout
from recmtl.data.policies.base import BY_CHANCE, Share, SplitConfig, check_shares, key_column
from recmtl.data.sql import quote_name
from recmtl.data.times import times


class Leave(Config):
    """Rows of each user."""

    valid: NonNegativeInt = 1
    """Rows before the test rows, for validation."""
    test: NonNegativeInt = 1
    """A user's last rows."""


class UserTimeSplit(SplitConfig):
    """Each user's last rows test, those before them validate, over all domains together; rows of the very same time
    are told apart by chance.
    """

    name: Literal["user_time"] = "user_time"
    leave: Leave | None = None
    """E.g. {"valid": 1, "test": 1}, as it is without this and `shares`: rows of each user that are held out. A user
    with no row besides stays in train whole."""
    shares: tuple[Share, Share, Share] | None = None
    """Instead of `leave`: shares of train, valid and test of each user's rows; valid and test are rounded down, so that
    a user with too few rows stays in train."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.shares is not None:
            if self.leave is not None:
                raise ValueError("'leave' and 'shares' exclude each other")
            check_shares(self.shares)
        return self

    def needs(self) -> tuple[Key, ...]:
        """Who, and when."""
        return ("user", "time")

    def query(self, layout: Layout) -> str:
        """Count each user's rows from the last one back."""
        time = key_column(layout, "time", "split.name 'user_time'")
        user = quote_name(key_column(layout, "user", "split.name 'user_time'"))
        test, valid = self._held_out()
        return f"""
            SELECT row, CASE WHEN back <= {test} THEN 'test' WHEN back <= {test} + {valid} THEN 'valid' ELSE 'train' END
                AS part
            FROM (
                SELECT row, row_number() OVER (PARTITION BY person ORDER BY moment DESC, {BY_CHANCE}) AS back,
                    count(*) OVER (PARTITION BY person) AS n
                FROM (SELECT {user} AS person, {BY_CHANCE} FROM raw_rows) JOIN ({times(time)}) USING (row))"""

    def _held_out(self) -> tuple[str, str]:
        """SQL: how many of a user's `n` rows test and validate."""
        if self.shares is not None:
            _, valid, test = self.shares
            return _round_down(f"n * {test!r}"), _round_down(f"n * {valid!r}")
        leave = self.leave or Leave()
        enough = f"n > {leave.valid + leave.test}"
        return (
            f"(CASE WHEN {enough} THEN {leave.test} ELSE 0 END)",
            f"(CASE WHEN {enough} THEN {leave.valid} ELSE 0 END)",
        )

    def mend(self, part: str) -> str:
        """No user has enough rows."""
        return f"Hold more rows of each user out for {part} in the section 'split'; users with too few rows only train."


def _round_down(number: str) -> str:
    """SQL: with the last digits made up for: 0.29 * 100 is 29."""
    return f"floor(round(({number})::DOUBLE, 9))"
