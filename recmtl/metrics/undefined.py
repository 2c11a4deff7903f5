"""What a metric answers where it has no value."""

from recmtl.errors import DataError


class Undefined(DataError):
    """The metric has no value on these rows; `reason` says why in one phrase, for example "no rows"."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The metric is undefined: {reason}.")
        self.reason = reason


def count_rows(rows: int) -> str:
    """Say how many rows, for a reason: "1 row", "37 rows"."""
    return f"{rows} row" if rows == 1 else f"{rows} rows"
