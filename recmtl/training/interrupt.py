"""SIGINT and SIGTERM: the first one asks, at the next safe point work stops; a second one ends the process at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from recmtl.errors import Interrupted

_asked: signal.Signals | None = None


@contextmanager
def signals_wait() -> Iterator[None]:
    """Within: a signal is kept until `stop_if_asked`."""
    global _asked
    _asked = None
    before = {number: signal.signal(number, _ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        _asked = None  # else a training after this one would stop at its first step
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_raise() -> Iterator[None]:
    """Within: a signal raises Interrupted at once. For work that leaves nothing behind when an exception ends it."""
    before = {number: signal.signal(number, _raise) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_if_asked() -> None:
    """A safe point.

    Raises:
        Interrupted: a signal came; what is put away so far is whole.
    """
    if _asked is not None:
        raise Interrupted(
            _asked, f"stopped by {_asked.name}.", hint="The same command goes on from the last checkpoint."
        )


def _ask(number: int, frame: FrameType | None) -> None:
    global _asked
    _asked = signal.Signals(number)
    signal.signal(number, signal.SIG_DFL)


def _raise(number: int, frame: FrameType | None) -> None:
    signum = signal.Signals(number)
    raise Interrupted(signum, f"stopped by {signum.name}.", hint="Nothing was written. Run it again.")
