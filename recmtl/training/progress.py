"""How far a computation is: said by the loop, shown by whoever runs it."""

from typing import Protocol


class Progress(Protocol):
    """Told by long computations what they do."""

    def begin(self, what: str, rows: int) -> None:
        """A pass over `rows` rows begins."""

    def advance(self, rows: int) -> None:
        """So many more rows are done."""

    def say(self, text: str) -> None:
        """One line for the log."""


class Silent:
    """Shows nothing."""

    def begin(self, what: str, rows: int) -> None:
        """Nothing."""

    def advance(self, rows: int) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""
