"""What every vocabulary can do, however it comes to its ids."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc

from recmtl.artifacts.tables import TableWriter, read_table


class Lookup(ABC):
    """Values to ids."""

    @abstractmethod
    def encode(self, values: pa.Array) -> pa.Array:
        """int32 ids of values: null is MISSING, a value without an id is UNSEEN."""

    def encode_lists(self, lists: pa.ListArray) -> pa.ListArray:
        """Lists of ids; a null list is an empty one."""
        lists = pc.fill_null(lists, pa.scalar([], lists.type))
        offsets = pc.subtract(lists.offsets, lists.offsets[0])  # of a slice they do not begin at 0
        return pa.ListArray.from_arrays(offsets, self.encode(lists.flatten()))


class Vocabulary(Lookup):
    """What gives values their ids. A vocabulary is saved as a table, and known again by the columns of it."""

    columns: ClassVar[tuple[str, ...]]
    """Of the saved table, those that say all; no other kind has them."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """Rows of an embedding table for it."""

    @property
    @abstractmethod
    def rule(self) -> str:
        """What gives a value its id, in words; only a vocabulary of the same rule can extend it."""

    @abstractmethod
    def table(self) -> pa.Table:
        """What is saved."""

    @classmethod
    @abstractmethod
    def of_table(cls, table: pa.Table) -> Self:
        """From the `columns` of what `table` gave."""

    def save(self, path: Path) -> None:
        """Write it as Parquet."""
        table = self.table()
        with TableWriter(path, table.schema) as writer:
            writer.write(table)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote. Errors as in `read_table`."""
        return cls.of_table(read_table(path, cls.columns))
