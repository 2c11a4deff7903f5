"""Values with an id each: fitted on the training rows, most frequent first."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection

from recmtl.data.vocabulary.base import Vocabulary
from recmtl.schema import FIRST_ID, MISSING, UNSEEN


@dataclass(frozen=True)
class FittedValues(Vocabulary):
    """The values that have an id of their own; value i has id i + FIRST_ID."""

    columns: ClassVar = ("value", "count")

    values: pa.Array
    counts: pa.Array
    """int64: how often training holds the value, in all features that share the table."""

    @property
    def rows(self) -> int:
        """Rows of an embedding table for it."""
        return len(self.values) + FIRST_ID

    @property
    def rule(self) -> str:
        """The same for all."""
        return "of fitted values"

    def encode(self, values: pa.Array) -> pa.Array:
        """int32 ids of values: null is MISSING, a value without an id is UNSEEN."""
        found = pc.add(
            pc.index_in(values, value_set=self.values, skip_nulls=True).cast(pa.int32()),
            pa.scalar(FIRST_ID, pa.int32()),
        )
        return pc.if_else(
            pc.is_null(values), pa.scalar(MISSING, pa.int32()), pc.fill_null(found, pa.scalar(UNSEEN, pa.int32()))
        )

    def table(self) -> pa.Table:
        """Value, count and id."""
        ids = pa.array(np.arange(FIRST_ID, self.rows, dtype=np.int32))
        return pa.table({"value": self.values, "count": self.counts, "id": ids})

    @classmethod
    def of_table(cls, table: pa.Table) -> Self:
        """From values and counts in the order of the ids."""
        return cls(_plain(table["value"]), _plain(table["count"]))


def fit_vocabulary(connection: DuckDBPyConnection, values: list[str], min_count: int) -> FittedValues:
    """The vocabulary of the values that the queries in `values` (`value`, and `n`: how often) give together."""
    union = " UNION ALL ".join(values)
    table = connection.sql(
        f"SELECT value, sum(n)::BIGINT AS n FROM ({union}) WHERE value IS NOT NULL GROUP BY value "
        f"HAVING sum(n) >= {min_count} ORDER BY n DESC, value"
    ).to_arrow_table()
    return FittedValues(_plain(table["value"]), _plain(table["n"]).cast(pa.int64()))


def _plain(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
