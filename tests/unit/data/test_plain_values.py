"""Arrow's numbers become numpy's as Arrow's own conversion makes them."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmtl.data.plain_values import plain_values

CHUNKS = st.lists(st.lists(st.none() | st.integers(-100, 100), max_size=5), max_size=4)


@pytest.mark.parametrize(
    ("stored", "kind", "null"),
    [
        (pa.int32(), np.int32, 7),
        (pa.float32(), np.float32, np.nan),
        (pa.float64(), np.float32, -1),
        (pa.int64(), np.int32, 0),
    ],
)
@given(chunks=CHUNKS, start=st.integers(0, 6))
def test_chunks_nulls_and_slices_are_as_in_arrow(stored, kind, null, chunks, start):
    column = pa.chunked_array([pa.array(chunk, stored) for chunk in chunks], stored).slice(start)
    expected = np.array([null if value is None else value for value in column.to_pylist()], dtype=kind)
    found = plain_values(column, kind, null)
    assert found.dtype == kind
    np.testing.assert_array_equal(found, expected)


def test_what_comes_back_may_be_written_to():
    column = pa.array([1, 2], pa.int32())
    plain_values(column, np.int32, 0)[:] = 9
    assert column.to_pylist() == [1, 2]
