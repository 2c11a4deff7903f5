"""Values to ids: fitted on the training rows, most frequent first. Ids 0, 1, 2 are padding, missing and unseen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection

from recmtl.artifacts.tables import TableWriter, read_table
from recmtl.data.folders import vocabulary_file
from recmtl.schema import FIRST_ID, MISSING, UNSEEN


@dataclass(frozen=True)
class Vocabulary:
    """The values that have an id of their own; value i has id i + FIRST_ID."""

    values: pa.Array
    counts: pa.Array
    """int64: how often training holds the value, in all features that share the table."""

    @property
    def rows(self) -> int:
        """Rows of an embedding table for it."""
        return len(self.values) + FIRST_ID

    def encode(self, values: pa.Array) -> pa.Array:
        """int32 ids of values: null is MISSING, a value without an id is UNSEEN."""
        found = pc.add(
            pc.index_in(values, value_set=self.values, skip_nulls=True).cast(pa.int32()),
            pa.scalar(FIRST_ID, pa.int32()),
        )
        return pc.if_else(
            pc.is_null(values), pa.scalar(MISSING, pa.int32()), pc.fill_null(found, pa.scalar(UNSEEN, pa.int32()))
        )

    def encode_lists(self, lists: pa.ListArray) -> pa.ListArray:
        """Lists of ids; a null list is an empty one."""
        lists = pc.fill_null(lists, pa.scalar([], lists.type))
        offsets = pc.subtract(lists.offsets, lists.offsets[0])  # of a slice they do not begin at 0
        return pa.ListArray.from_arrays(offsets, self.encode(lists.flatten()))

    def save(self, path: Path) -> None:
        """Write value, count and id as Parquet."""
        ids = pa.array(np.arange(FIRST_ID, self.rows, dtype=np.int32))
        table = pa.table({"value": self.values, "count": self.counts, "id": ids})
        with TableWriter(path, table.schema) as writer:
            writer.write(table)

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read what `save` wrote. Errors as in `read_table`."""
        table = read_table(path, ["value", "count"])
        return cls(_plain(table["value"]), _plain(table["count"]))


def save_vocabularies(vocabularies: Mapping[str, Vocabulary], folder: Path) -> None:
    """One file for each table, in a new folder."""
    folder.mkdir()
    for table, vocabulary in vocabularies.items():
        vocabulary.save(folder / vocabulary_file(table))


def load_vocabularies(folder: Path, tables: Iterable[str]) -> dict[str, Vocabulary]:
    """Read what `save_vocabularies` wrote. Errors as in `read_table`."""
    return {table: Vocabulary.load(folder / vocabulary_file(table)) for table in tables}


def fit_vocabulary(connection: DuckDBPyConnection, values: list[str], min_count: int) -> Vocabulary:
    """The vocabulary of the values that the queries in `values` (`value`, and `n`: how often) give together."""
    union = " UNION ALL ".join(values)
    table = connection.sql(
        f"SELECT value, sum(n)::BIGINT AS n FROM ({union}) WHERE value IS NOT NULL GROUP BY value "
        f"HAVING sum(n) >= {min_count} ORDER BY n DESC, value"
    ).to_arrow_table()
    return Vocabulary(_plain(table["value"]), _plain(table["n"]).cast(pa.int64()))


def _plain(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
