"""Quantile buckets hold about as many training rows each, as far as equal values let them."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from recmtl.data.vocabulary import Intervals, fit_quantiles


def fitted(values: Sequence[float | None], buckets: int, threads: int = 1) -> Intervals:
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.register("given", pa.table({"value": pa.array(values, pa.float64())}))
        return fit_quantiles(connection, "SELECT value, 1 AS n FROM given", buckets)


def rows_in_each(intervals: Intervals, values: Sequence[float | None]) -> list[int]:
    ids = intervals.encode(pa.array([value for value in values if value is not None], pa.float64())).to_numpy()
    return np.bincount(ids, minlength=intervals.rows)[3:].tolist()


def test_four_buckets_of_eight_numbers() -> None:
    found = fitted([8.0, 1.0, None, 3.0, 2.0, 7.0, 4.0, 6.0, 5.0], 4)
    assert found == Intervals((3.0, 5.0, 7.0), 4)


@pytest.mark.parametrize("buckets", [2, 3, 10, 97])
def test_of_different_values_no_bucket_has_two_rows_more_than_another(buckets: int) -> None:
    values = np.random.default_rng(1).lognormal(size=2003).tolist()
    counts = rows_in_each(fitted(values, buckets, threads=4), values)
    assert len(counts) == buckets and max(counts) - min(counts) <= 1


def test_the_share_is_missed_by_no_more_than_half_of_the_rows_of_one_value() -> None:
    values = np.random.default_rng(2).poisson(20, 5000).astype(float).tolist()
    found, most = fitted(values, 5), max(np.unique(values, return_counts=True)[1])
    below = np.cumsum(rows_in_each(found, values))[:-1]
    assert len(below) == 4
    assert np.abs(below - np.arange(1, 5) * 1000).max() <= most / 2


def test_a_value_in_nine_rows_of_ten_is_a_bucket_alone() -> None:
    """The cuts at a quarter, a half and three quarters all are nearest to below and above the zeros."""
    values = [0.0] * 90 + [float(i) for i in range(1, 6)] + [float(-i) for i in range(1, 6)]
    found = fitted(values, 4)
    assert found.bounds == (0.0, 1.0)
    assert rows_in_each(found, values) == [5, 90, 5]


@pytest.mark.parametrize("values", [[], [None, None], [7.5], [7.5, None, 7.5]])
def test_of_one_value_or_none_there_is_one_bucket(values: list[float | None]) -> None:
    assert fitted(values, 10) == Intervals((), 10)


def test_of_two_values_there_are_two_buckets() -> None:
    assert fitted([1.0] * 99 + [2.0], 10) == Intervals((2.0,), 10)


def test_more_buckets_than_values_are_a_bucket_a_value() -> None:
    assert fitted([3.0, 1.0, 2.0], 1000).bounds == (2.0, 3.0)


def test_neither_the_order_of_rows_nor_threads_matter() -> None:
    values = np.round(np.random.default_rng(3).normal(size=30_000), 1).tolist()
    assert fitted(values, 16, threads=1) == fitted(values[::-1], 16, threads=4)
