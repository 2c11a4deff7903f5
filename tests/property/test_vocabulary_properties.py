"""For any values: the same one always has the same id, and ids lie within the table."""

from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from recmtl.data.vocabulary import HashBuckets, Intervals, fit_quantiles
from recmtl.schema import FIRST_ID, MISSING

TEXTS = st.none() | st.sampled_from(["a", "A", "", "a\0"]) | st.text(max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3).map(float)


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXTS, max_size=30), st.lists(TEXTS, max_size=30), st.integers(1, 2**30))
def test_a_text_has_one_id_in_whatever_batch_it_comes(
    one: list[str | None], other: list[str | None], buckets: int
) -> None:
    vocabulary, known = HashBuckets(buckets), {}
    for batch in (one, other, other[::-1], [*one, *other]):
        for text, id_ in zip(batch, vocabulary.encode(pa.array(batch, pa.string())).to_pylist(), strict=True):
            assert known.setdefault(text, id_) == id_
            assert id_ == MISSING if text is None else FIRST_ID <= id_ < vocabulary.rows


@settings(max_examples=200, deadline=None)
@given(st.lists(st.none() | st.lists(TEXTS, max_size=4), max_size=10), st.integers(1, 100))
def test_lists_have_the_ids_of_their_items(lists: list[list[str | None] | None], buckets: int) -> None:
    vocabulary = HashBuckets(buckets)
    found = vocabulary.encode_lists(pa.array(lists, pa.list_(pa.string()))).to_pylist()
    assert found == [vocabulary.encode(pa.array(texts or [], pa.string())).to_pylist() for texts in lists]


@settings(max_examples=200, deadline=None)
@given(st.lists(NUMBERS, max_size=8), st.lists(st.none() | NUMBERS, max_size=30))
def test_an_interval_holds_exactly_what_lies_between_its_bounds(
    bounds: list[float], values: list[float | None]
) -> None:
    intervals = Intervals(tuple(np.unique(np.array(bounds) + 0.0).tolist()))
    for value, id_ in zip(values, intervals.encode(pa.array(values, pa.float64())).to_pylist(), strict=True):
        if value is None:
            assert id_ == MISSING
        else:
            assert id_ == FIRST_ID + sum(bound <= value for bound in intervals.bounds)
            assert id_ < intervals.rows


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | NUMBERS, max_size=40), st.integers(2, 60))
def test_quantile_buckets_ascend_and_none_is_empty(values: list[float | None], buckets: int) -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("given", pa.table({"value": pa.array(values, pa.float64())}))
        fitted = fit_quantiles(connection, "SELECT value + 0.0::DOUBLE AS value, 1 AS n FROM given", buckets)
    there = [value for value in values if value is not None]
    assert len(fitted.bounds) < buckets and set(fitted.bounds) <= set(there)
    assert all(low < high for low, high in pairwise(fitted.bounds))
    ids = fitted.encode(pa.array(there, pa.float64())).to_pylist()
    assert set(ids) == (set(range(FIRST_ID, fitted.rows)) if there else set())
