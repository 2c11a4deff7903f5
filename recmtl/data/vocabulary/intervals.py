"""Numbers to the intervals that they lie in."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recmtl.data.vocabulary.base import Vocabulary
from recmtl.schema import FIRST_ID, MISSING


@dataclass(frozen=True)
class Intervals(Vocabulary):
    """Below the first bound lies the interval with the id FIRST_ID; a bound belongs to the interval above it."""

    columns: ClassVar = ("from", "quantiles")

    bounds: tuple[float, ...]
    """Ascending, no two equal."""
    quantiles: int | None = None
    """Intervals that were asked for, where the bounds were fitted; None: the bounds were given."""

    @property
    def rows(self) -> int:
        """Rows of an embedding table for it."""
        return len(self.bounds) + 1 + FIRST_ID

    @property
    def rule(self) -> str:
        """The bounds, or how they were fitted: with other rows the same rule may give others."""
        if self.quantiles is not None:
            return f"of {self.quantiles:,} quantile buckets"
        return f"of buckets between the bounds {', '.join(map(repr, self.bounds))}"

    def encode(self, values: pa.Array) -> pa.Array:
        """int32 ids of finite doubles: null is MISSING."""
        places = np.searchsorted(self.bounds, values.to_numpy(zero_copy_only=False), side="right")
        ids = pa.array((places + FIRST_ID).astype(np.int32))
        return pc.if_else(pc.is_null(values), pa.scalar(MISSING, pa.int32()), ids)

    def table(self) -> pa.Table:
        """A row for each interval: where it begins and ends (the end is not in it), its id, and the quantiles."""
        bounds = list(self.bounds)
        ids = range(FIRST_ID, self.rows)
        return pa.table(
            {
                "from": pa.array([None, *bounds], pa.float64()),
                "to": pa.array([*bounds, None], pa.float64()),
                "id": pa.array(ids, pa.int32()),
                "quantiles": pa.array([self.quantiles] * len(ids), pa.int64()),
            }
        )

    @classmethod
    def of_table(cls, table: pa.Table) -> Self:
        """From the intervals' beginnings."""
        return cls(tuple(table["from"].to_pylist()[1:]), table["quantiles"][0].as_py())
