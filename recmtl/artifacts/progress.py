"""How far a computation is: said by whoever computes, shown by whoever runs it."""

from typing import Protocol


class Progress(Protocol):
    """Told by long computations what they do: in rows, or in bytes by what copies files."""

    def begin(self, what: str, size: int, /) -> None:
        """A pass begins, over so many; 0 if nobody knows."""

    def advance(self, size: int, /) -> None:
        """So many more are done."""

    def say(self, text: str, /) -> None:
        """One line for the log."""


class Silent:
    """Shows nothing."""

    def begin(self, what: str, size: int, /) -> None:
        """Nothing."""

    def advance(self, size: int, /) -> None:
        """Nothing."""

    def say(self, text: str, /) -> None:
        """Nothing."""


SILENT = Silent()
