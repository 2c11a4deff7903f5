"""Values of a column as raw values of a split: one category, one text, whatever holds it."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmtl.estimator.errors import RefusedData
from recmtl.estimator.texts import floats, lists_of_texts, texts

BIG = 2**60 + 1  # no float has it


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["a", None, "b"]), ["a", None, "b"]),
        (pd.Series(["a", np.nan, 3, 3.0, 2.5, True], dtype=object), ["a", None, "3", "3", "2.5", "True"]),
        (pd.Series([3, 4], dtype="uint8"), ["3", "4"]),
        (pd.Series([3.0, None, -0.0, 1e20]), ["3", None, "0", "100000000000000000000"]),
        (pd.Series([BIG, None], dtype="Int64"), [str(BIG), None]),
        (pd.Series([True, False]), ["True", "False"]),
        (pd.Series([True, None], dtype="boolean"), ["True", None]),
        (pd.Series([3, None, 4], dtype="category"), ["3", None, "4"]),
        (pd.Series(["b", "a", None], dtype=pd.CategoricalDtype(["a", "b", "c"])), ["b", "a", None]),
        (pd.Series(["a", None], dtype=pd.ArrowDtype(pa.large_string())), ["a", None]),
        (pd.Series([None, None], dtype=object), [None, None]),
        (pd.Series([np.float32("nan"), np.int8(3)], dtype=object), [None, "3"]),
        (pd.Series([], dtype=object), []),
    ],
)
def test_a_category_as_text(column, expected):
    found = texts(column, "c")
    assert found.to_pylist() == expected and found.type == pa.string()


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([["a"], None, [], ["b", None]], [["a"], None, [], ["b", None]]),
        ([[1, 2], (3,), np.array([4])], [["1", "2"], ["3"], ["4"]]),
        ([[1, None], [BIG]], [["1", None], [str(BIG)]]),
        ([[1.0, 2.5], [True], ["a", 3]], [["1", "2.5"], ["True"], ["a", "3"]]),
        ([np.nan, []], [None, []]),
    ],
)
def test_lists_as_lists_of_text(lists, expected):
    found = lists_of_texts(pd.Series(lists, dtype=object), "l")
    assert found.to_pylist() == expected and found.type == pa.list_(pa.string())


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])), st.integers(-(2**70), 2**70))))
def test_a_text_stays_a_text_and_an_integer_keeps_its_digits(values):
    expected = [None if value is None else str(value) for value in values]
    assert texts(pd.Series(values, dtype=object), "c").to_pylist() == expected
    assert lists_of_texts(pd.Series([values], dtype=object), "l").to_pylist() == [expected]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([1, 2], dtype="int8"), [1, 2]),
        (pd.Series([1.5, None, -0.0]), [1.5, np.nan, 0.0]),
        (pd.Series([1, None], dtype="Int64"), [1, np.nan]),
        (pd.Series([True, False]), [1, 0]),
        (pd.Series([True, None, Decimal("2.5"), 3], dtype=object), [1, np.nan, 2.5, 3]),
        (pd.Series([1.5, None], dtype=pd.ArrowDtype(pa.float32())), [1.5, np.nan]),
    ],
)
def test_numbers(column, expected):
    found = floats(column, "n")
    assert found.dtype == np.float64 and np.array_equal(found, expected, equal_nan=True)
    assert not np.signbit(found[found == 0]).any()


@pytest.mark.parametrize("value", ["1", b"1", 1j, [1], pd.Timestamp(0)])
def test_what_is_no_number_is_refused_with_its_row(value):
    with pytest.raises(RefusedData, match="row 1: 'n' is "):
        floats(pd.Series([1, value], dtype=object), "'n'")


@pytest.mark.parametrize("value", [b"1", 1j, {}, pd.Timestamp(0), Decimal(1), np.datetime64(0, "ns")])
def test_what_is_no_category_is_refused_with_its_row(value):
    with pytest.raises(RefusedData, match="row 1: 'c' is a"):
        texts(pd.Series(["a", value], dtype=object), "c")
    with pytest.raises(RefusedData, match="row 2: 'l' is a"):
        lists_of_texts(pd.Series([["a", "b"], [], [value]], dtype=object), "l")
