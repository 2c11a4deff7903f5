"""Bounds between which about as many training rows lie."""

import numpy as np
from duckdb import DuckDBPyConnection

from recmtl.data.vocabulary.intervals import Intervals


def fit_quantiles(connection: DuckDBPyConnection, query: str, buckets: int) -> Intervals:
    """At most `buckets` intervals of about as many rows of `query` (`value`, and `n`: how often) each.

    Each bound is a value that occurs: of all of these the one with the number of rows below it that is nearest to the
    share. So there are fewer intervals where one value has many rows, and none is empty, unless there are no values.
    """
    found = connection.execute(
        f"SELECT value, sum(n)::BIGINT AS n FROM ({query}) WHERE value IS NOT NULL GROUP BY value ORDER BY value"
    ).fetchnumpy()
    values, counts = np.asarray(found["value"], np.float64), np.asarray(found["n"], np.int64)
    if len(values) < 2:
        return Intervals((), buckets)
    # in integers: shares of rows times `buckets`
    below = (np.cumsum(counts) - counts) * buckets
    wanted = np.arange(1, buckets) * counts.sum()
    above = np.clip(np.searchsorted(below, wanted), 1, len(values) - 1)
    before = np.maximum(above - 1, 1)
    nearest = np.where(wanted - below[before] <= below[above] - wanted, before, above)
    return Intervals(tuple(values[np.unique(nearest)].tolist()), buckets)
