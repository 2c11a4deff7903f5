"""The roles that columns of a table are given by guessing, and the words for what was seen of a column."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from recmtl.data.column_profile import SEPARATORS, ColumnProfile, Sample
from recmtl.schema import Name

UNIQUE = 0.95
"""Distinct values for a row, from which on a column names the row."""
MIN_UNIQUE_ROWS = 100
"""Fewer rows do not show that values are unique."""
_NAME = TypeAdapter[str](Name)


class Role(Enum):
    """What a column is for."""

    LABEL = "label"
    DOMAIN = "domain"
    USER = "user"
    ITEM = "item"
    TIME = "time"
    GROUP = "group"
    WEIGHT = "weight"
    CATEGORICAL = "categorical"
    NUMBER = "number"
    SEQUENCE = "sequence"
    OUT = "left out"


@dataclass(frozen=True)
class Guess:
    """A column and its role."""

    column: ColumnProfile
    role: Role
    why: str


@dataclass
class Guesses:
    """All columns of a sample; the first role that a column is given stays."""

    sample: Sample
    found: dict[str, Guess] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """For the person, beside the columns."""

    def give(self, column: ColumnProfile, role: Role, why: str) -> None:
        """A role to a column."""
        self.found[column.name] = Guess(column, role, why)

    @property
    def free(self) -> list[ColumnProfile]:
        """Columns without a role, in the order of the file."""
        return [column for column in self.sample.columns if column.name not in self.found]

    @property
    def separator(self) -> str:
        """What stands between the items of most of the texts that are lists; the default if there are none."""
        cut = [column.separator for column in self.of(Role.SEQUENCE) if column.separator]
        return max(SEPARATORS, key=cut.count)

    def of(self, *roles: Role) -> list[ColumnProfile]:
        """The columns of these roles, in the order of the file."""
        return [c for c in self.sample.columns if c.name in self.found and self.found[c.name].role in roles]


def is_binary(column: ColumnProfile) -> bool:
    """Numbers that are 0 and 1 alone, each of them there."""
    return column.numbers is not None and set(np.unique(known(column.numbers))) == {0.0, 1.0}


def names_rows(column: ColumnProfile, rows: int) -> bool:
    """Its values are nearly unique."""
    there = rows - column.missing
    return there >= MIN_UNIQUE_ROWS and column.distinct >= UNIQUE * there


def known(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those that are not missing."""
    return numbers[~np.isnan(numbers)]


def is_name(text: str) -> bool:
    """A feature or a domain may be called so."""
    try:
        _NAME.validate_python(text)
    except ValidationError:
        return False
    return True
