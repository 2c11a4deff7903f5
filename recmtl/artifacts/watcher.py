"""Who is told how far a computation is, by code that knows nothing of training: the same as its `Progress`."""

from typing import Protocol


class Watcher(Protocol):
    """Told in rows, or in bytes by what copies files."""

    def begin(self, what: str, size: int, /) -> None:
        """A pass begins, over so many; 0 if nobody knows."""

    def advance(self, size: int, /) -> None:
        """So many more are done."""

    def say(self, text: str, /) -> None:
        """One line for the log."""


class Nobody:
    """Does not care."""

    def begin(self, what: str, size: int, /) -> None:
        """Nothing."""

    def advance(self, size: int, /) -> None:
        """Nothing."""

    def say(self, text: str, /) -> None:
        """Nothing."""


NOBODY = Nobody()
