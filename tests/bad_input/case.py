"""What a case is, and the list of all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Spoil = Callable[[Path], str]
"""Spoils something below a folder, and returns the command as it is typed there, without `recmtl`."""


@dataclass(frozen=True)
class Case:
    """One thing that can be wrong."""

    name: str
    """Theme and function: "tables.a_number_is_text"."""
    spoil: Spoil
    leaves: tuple[str, ...]
    """Patterns of what may be there afterwards that was not: hidden work of a stage that goes on from it later, or
    the initial weights of a new run, which are whole.
    """
    disk_bytes: int | None
    """The size of a disk of its own on which the folder lies."""


CASES: dict[str, Case] = {}


def case(*, leaves: tuple[str, ...] = (), disk_bytes: int | None = None) -> Callable[[Spoil], Spoil]:
    """Put a function into the catalogue."""

    def register(spoil: Spoil) -> Spoil:
        name = f"{spoil.__module__.rpartition('.')[2]}.{spoil.__name__}"
        assert name not in CASES, f"there are two cases {name}"
        CASES[name] = Case(name, spoil, leaves, disk_bytes)
        return spoil

    return register
