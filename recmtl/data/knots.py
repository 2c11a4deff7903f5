"""Knots of the piecewise linear encoding of numbers (Gorishniy et al., NeurIPS 2022, "On Embeddings for Numerical
Features").
"""

import numpy as np
from duckdb import DuckDBPyConnection

from recmtl.data.layout import PART
from recmtl.data.sql import quote_name


def fit_knots(connection: DuckDBPyConnection, number: str, knots: int) -> tuple[float, ...]:
    """`knots` quantiles of the distinct training values, ascending; always so many, whatever the data.

    Of the distinct values, not of the rows: a number that is zero in nine rows of ten would have its knots piled up
    there.
    """
    distinct = connection.execute(
        f"SELECT DISTINCT {quote_name(number)} AS value FROM rows "
        f"WHERE {quote_name(PART)} = 'train' AND value IS NOT NULL"
    ).fetchnumpy()
    values = np.asarray(distinct["value"], dtype=np.float64)
    if len(values) == 0:
        return (0.0,) * knots
    return tuple(float(value) for value in np.quantile(values, np.linspace(0, 1, knots)))
