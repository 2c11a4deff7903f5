"""What a data set's raw columns mean, before anything is fitted: the words a reader in `datasets/` describes itself
with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from recmtl.schema import Score, Task

Key = Literal["user", "item", "time", "group"]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Columns of a raw relation by role. Besides these it has `row` (BIGINT, the position in the raw files, unique)."""

    tasks: tuple[Task, ...]
    """Each has a raw column of its own name: DOUBLE, null where the task was not observed."""
    categorical: tuple[str, ...] = ()
    """VARCHAR columns, null where missing."""
    numbers: tuple[str, ...] = ()
    """DOUBLE columns, null where missing."""
    sequences: tuple[str, ...] = ()
    """VARCHAR[] columns."""
    tables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Feature -> the embedding table it shares; a feature that is not here has a table of its own name."""
    domain: str | None = None
    """The VARCHAR column that tells the domains apart."""
    keys: Mapping[Key, str] = field(default_factory=lambda: MappingProxyType({}))
    """Key -> its VARCHAR column."""
    scores: tuple[Score, ...] = ()
    """Each has a raw column of its own name: DOUBLE, null where there is none."""
    ready_made: bool = False
    """There is a column `part`, 'train' or 'test': the data set comes with its own test rows."""

    def table(self, feature: str) -> str:
        """The embedding table of a feature."""
        return self.tables.get(feature, feature)
