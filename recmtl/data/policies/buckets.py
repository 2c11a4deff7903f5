"""How a number is cut into buckets, as a config says it."""

import sys
from itertools import pairwise
from typing import Annotated

from pydantic import BeforeValidator, Field

MAX_BUCKETS = 2**16
MAX_SHOWN = 100
"""Characters of wrong bounds in an error."""


def _checked(value: object) -> object:
    """One error for both forms; pydantic would have one for each, under a name of its own."""
    if isinstance(value, tuple):
        numbers = [x for x in value if type(x) in (int, float) and abs(x) <= sys.float_info.max]  # NaN is not
        if not value or len(numbers) < len(value) or any(low >= high for low, high in pairwise(map(float, numbers))):
            found = str(list(value))[:MAX_SHOWN]
            raise ValueError(f"bounds are finite numbers that ascend, for example [18, 25, 35], not {found}")
    elif type(value) is not int or not 2 <= value <= MAX_BUCKETS:
        raise ValueError(f"it takes a list of bounds, or how many buckets to make: 2 to {MAX_BUCKETS:,}")
    return value


Buckets = Annotated[
    Annotated[tuple[float, ...], Field(min_length=1)] | Annotated[int, Field(ge=2, le=MAX_BUCKETS)],
    BeforeValidator(_checked),
]
"""Ascending bounds between the buckets, or how many there are."""
