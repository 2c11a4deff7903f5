"""What parameters may be, and the sentence where they may not."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recmtl.estimator.errors import RefusedParameters


def whole(what: str, value: Any, least: int = 1) -> int:
    """A whole number of at least so much.

    Raises:
        RefusedParameters: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise RefusedParameters(f"{what} must be a whole number of at least {least}, not {value!r}.")
    return int(value)


def number(what: str, value: Any, below: float = float("inf")) -> float:
    """A number from 0 to `below`.

    Raises:
        RefusedParameters: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < below:
        limit = "" if below == float("inf") else f" and below {below:g}"
        raise RefusedParameters(f"{what} must be a number of at least 0{limit}, not {value!r}.")
    return float(value)


def units(what: str, value: Any, least: int = 0) -> list[int]:
    """Widths of layers, at least so many.

    Raises:
        RefusedParameters: they are something else.
    """
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or len(value) < least:
        some = "a list" if not least else f"a list of at least {least}"
        raise RefusedParameters(f"{what} must be {some} of whole numbers, the widths of layers, not {value!r}.")
    return [whole(f"{what}[{place}]", width) for place, width in enumerate(value)]


def refuse_others(what: str, given: Any, **supported: Any) -> None:
    """Refuse attributes that have another value than the one that is supported.

    Raises:
        RefusedParameters: naming the first.
    """
    for name, only in supported.items():
        value = getattr(given, name)
        if value is not only and not (isinstance(only, str | bool) and value == only):
            raise RefusedParameters(f"{what}: {name}={value!r} is not supported; it can only be {only!r}.")
