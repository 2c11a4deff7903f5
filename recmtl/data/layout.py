"""What a data set's raw columns mean, before anything is fitted: the words a reader in `datasets/` describes itself
with.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from recmtl.data.sql import quote_name
from recmtl.schema import Score, Task

Key = Literal["user", "item", "time", "group"]

DOMAIN, PART, CHANCE = "split:domain", "split:part", "split:chance"
"""The columns that splitting adds to the raw ones; no raw column's name has a colon."""


def dictionary(column: str) -> str:
    """SQL: the table with `code` and `text` (unique, never null) of a text column (see `coded`)."""
    return quote_name(f"texts of {column}")


@dataclass(frozen=True, kw_only=True)
class VectorColumn:
    """A feature that is looked up in a file of vectors, trained elsewhere, by the text in a column."""

    name: str
    """The feature's."""
    column: str
    """VARCHAR column of what the vectors belong to; it may be a feature or a key as well."""
    dim: int
    """Numbers in a vector."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Columns of a raw relation by role. Besides these it has `row` (BIGINT, the position in the raw files, unique).

    Raises:
        ValueError: two columns would have one name (SQL does not tell capitals apart), or a label is also a feature.
    """

    tasks: tuple[Task, ...]
    """Each has a raw column of its own name: DOUBLE, null where the task was not observed."""
    categorical: tuple[str, ...] = ()
    """VARCHAR columns, null where missing."""
    numbers: tuple[str, ...] = ()
    """DOUBLE columns, null where missing."""
    sequences: tuple[str, ...] = ()
    """VARCHAR[] columns."""
    vectors: tuple[VectorColumn, ...] = ()
    """Features that are vectors trained elsewhere."""
    listed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Sequence that was made while splitting -> the text column whose values it lists, as codes (see `coded`)."""
    tables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Feature -> the embedding table it shares; a feature that is not here has a table of its own name."""
    domain: str | None = None
    """The column that tells the domains apart, read as text."""
    domain_groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Value of the domain column -> its domain; if empty, each value is a domain of its own."""
    weight: str | None = None
    """The DOUBLE column that says how much a row counts in training; every row has one."""
    keys: Mapping[Key, str] = field(default_factory=lambda: MappingProxyType({}))
    """Key -> its VARCHAR column."""
    scores: tuple[Score, ...] = ()
    """Each has a raw column of its own name: DOUBLE, null where there is none."""
    missing: tuple[str, ...] = ()
    """Texts that mean missing in the raw files, as the empty one does."""
    separator: str = "|"
    """What stands between the values of a sequence in a file that has no lists."""
    ready_made: bool = False
    """There is a column `part`, 'train' or 'test': the data set comes with its own test rows."""
    ready_made_valid: bool = False
    """The column `part` may be 'valid' too: the data set comes with its own validation rows."""

    def __post_init__(self) -> None:
        reserved = ["row", "part"] if self.ready_made else ["row"]
        names = [
            *self.categorical,
            *self.numbers,
            *self.sequences,
            *(vector.name for vector in self.vectors),
            *(item.name for item in self.tasks + self.scores),
        ]
        names += [self.weight] if self.weight else []
        twice = [name for name, count in Counter(map(str.lower, [*reserved, *names])).items() if count > 1]
        if twice:
            raise ValueError(f"two columns are called {twice[0]!r}")
        clash = {self.table(name) for name in self.categorical + self.sequences} & set(self.numbers)
        if clash:
            raise ValueError(f"the number {min(clash)!r} has a table of its own: no other feature shares it")

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Those that hold codes while rows are split (see `coded`)."""
        vectors = (vector.column for vector in self.vectors)
        return tuple(dict.fromkeys((*self.categorical, *self.keys.values(), *vectors, DOMAIN)))

    def table(self, feature: str) -> str:
        """The embedding table of a feature."""
        return self.tables.get(feature, feature)
