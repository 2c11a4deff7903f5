"""A number's id is the interval that it lies in; a bound belongs to the interval above it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from recmtl.artifacts.tables import read_table
from recmtl.data.vocabulary import Intervals
from recmtl.schema import FIRST_ID, MISSING

AGES = Intervals((18.0, 25.0, 35.0))


def ids(intervals: Intervals, values: list[float | None]) -> list[int]:
    encoded = intervals.encode(pa.array(values, pa.float64()))
    assert isinstance(encoded, pa.Array) and encoded.type == pa.int32() and encoded.null_count == 0
    return encoded.to_pylist()


def test_values_at_and_beside_the_bounds() -> None:
    below = [float(np.nextafter(bound, -np.inf)) for bound in AGES.bounds]
    assert ids(AGES, [-3.4e38, 0.0, below[0]]) == [FIRST_ID] * 3
    assert ids(AGES, [18.0, 20.0, below[1]]) == [FIRST_ID + 1] * 3
    assert ids(AGES, [25.0, below[2], 35.0, 3.4e38]) == [FIRST_ID + 2, FIRST_ID + 2, FIRST_ID + 3, FIRST_ID + 3]
    assert AGES.rows == FIRST_ID + 4


def test_null_is_missing() -> None:
    assert ids(AGES, [None, 30.0, None]) == [MISSING, FIRST_ID + 2, MISSING]
    assert ids(AGES, [None]) == [MISSING]
    assert ids(AGES, []) == []


def test_minus_zero_lies_where_zero_lies() -> None:
    assert ids(Intervals((0.0,)), [-0.0, 0.0, -5e-324]) == [FIRST_ID + 1, FIRST_ID + 1, FIRST_ID]
    assert ids(Intervals((-0.0,)), [-0.0, 0.0]) == [FIRST_ID + 1, FIRST_ID + 1]


def test_without_bounds_all_numbers_share_an_id() -> None:
    assert ids(Intervals((), 4), [-1.0, None, 1e30]) == [FIRST_ID, MISSING, FIRST_ID]
    assert Intervals((), 4).rows == FIRST_ID + 1


def test_the_intervals_are_those_of_pandas_cut() -> None:
    chance = np.random.default_rng(0)
    bounds = np.unique(np.round(chance.normal(size=50), 2))
    values = np.round(chance.normal(size=5000), 2)
    assert np.isin(values, bounds).any()
    expected = pd.cut(values, [-np.inf, *bounds, np.inf], right=False, labels=False) + FIRST_ID
    assert ids(Intervals(tuple(bounds.tolist())), values.tolist()) == expected.tolist()


def test_a_slice_has_the_ids_of_its_own_rows() -> None:
    values = pa.array([1.0, None, 18.0, 40.0])
    assert AGES.encode(values.slice(1, 2)).to_pylist() == [MISSING, FIRST_ID + 1]


def test_the_file_tells_each_interval(tmp_path: Path) -> None:
    Intervals((0.1, 25.0), quantiles=3).save(tmp_path / "v.parquet")
    assert read_table(tmp_path / "v.parquet").to_pylist() == [
        {"from": None, "to": 0.1, "id": 3, "quantiles": 3},
        {"from": 0.1, "to": 25.0, "id": 4, "quantiles": 3},
        {"from": 25.0, "to": None, "id": 5, "quantiles": 3},
    ]


@pytest.mark.parametrize(
    "intervals", [AGES, Intervals((), 2), Intervals((-3.4e38, 5e-324, 0.1, 1 / 3), 5), Intervals((1e308,))], ids=repr
)
def test_what_was_saved_is_loaded(tmp_path: Path, intervals: Intervals) -> None:
    intervals.save(tmp_path / "v.parquet")
    assert Intervals.load(tmp_path / "v.parquet") == intervals
