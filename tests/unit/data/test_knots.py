"""Knots are the quantiles of the distinct training values, always as many as asked."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from recmtl.data.knots import fit_knots
from recmtl.data.layout import PART


def knots_of(
    values: Sequence[float | None], knots: int, *, test: Sequence[float] = (), threads: int = 1
) -> tuple[float, ...]:
    column = pa.array([*values, *test], pa.float64())
    parts = ["train"] * len(values) + ["test"] * len(test)
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.register("rows", pa.table({"An 'odd' \"name\"": column, PART: pa.array(parts, pa.string())}))
        return fit_knots(connection, "An 'odd' \"name\"", knots)


@pytest.mark.parametrize("knots", [2, 3, 8, 32, 1024])
def test_quantiles_of_distinct_values_as_numpy_has_them(knots: int) -> None:
    values = np.round(np.random.default_rng(0).lognormal(size=3000), 2)
    expected = np.quantile(np.unique(values), np.linspace(0, 1, knots))
    for threads in (1, 4):
        np.testing.assert_array_equal(knots_of(values.tolist(), knots, threads=threads), expected)


def test_a_value_in_nine_rows_of_ten_does_not_draw_the_knots_to_itself() -> None:
    assert knots_of([0.0] * 90 + [float(i) for i in range(1, 11)], 11) == pytest.approx(list(range(11)))


def test_only_training_rows_count() -> None:
    assert knots_of([1.0, 2.0, None], 2, test=[-1e9, 1e9]) == (1.0, 2.0)


@pytest.mark.parametrize("values", [[], [None, None]])
def test_an_empty_column_has_knots_at_zero(values: list[None]) -> None:
    assert knots_of(values, 5) == (0.0,) * 5


def test_a_constant_column_has_equal_knots() -> None:
    assert knots_of([7.5, 7.5, None], 4) == (7.5,) * 4


def test_knots_ascend_where_values_are_neighbours() -> None:
    near = [float(np.nextafter(0.1, 1)), 0.1, float(np.nextafter(0.1, 0)), 3.4e38, -3.4e38, 5e-324, -5e-324]
    found = knots_of(near, 1024)
    assert list(found) == sorted(found)
    assert (found[0], found[-1]) == (-3.4e38, 3.4e38)
