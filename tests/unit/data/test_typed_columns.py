"""Columns of any type as text, numbers and lists of text."""

import datetime
import decimal
import json

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmtl.data.typed_columns import Misfit, as_number, as_text, as_texts


def as_json(values):
    """A column of several kinds, as the reader of JSON lines makes it."""
    written = [None if value is None else json.dumps(value) for value in values]
    return pa.ExtensionArray.from_storage(pa.json_(), pa.array(written, pa.string()))


CONNECTION = duckdb.connect()


def duckdb_cast(values, kind):
    CONNECTION.register("given", pa.table({"v": values}))
    return [row[0] for row in CONNECTION.sql(f"SELECT CAST(v AS {kind}) FROM given").fetchall()]


def text(values, *missing):
    return as_text(values, missing).to_pylist()


def number(values, *missing, written=False):
    return as_number(values, missing, written=written).to_pylist()


def misfit(call, *arguments, **named):
    with pytest.raises(Misfit) as refused:
        call(*arguments, **named)
    return refused.value.row, refused.value.problem


class TestText:
    def test_one_category_in_every_type(self):
        """3 in a text file, an integer, a float of pandas, a decimal, JSON of several kinds."""
        for values in (
            pa.array(["3"]), pa.array([" 3 "]), pa.array([3]), pa.array([3], pa.uint8()), pa.array([3.0]),
            pa.array([3.0], pa.float32()), pa.array([decimal.Decimal("3.00")]), pa.array(["3"]).dictionary_encode(),
            pa.array([b"3"]), pa.array(["3"], pa.large_string()), as_json([3]), as_json(["3"]), as_json([3.0]),
        ):  # fmt: skip
            assert text(values) == ["3"], values.type

    @given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=1))
    def test_integers_are_as_duckdb_casts_them(self, values):
        column = pa.array(values, pa.int64())
        assert text(column) == duckdb_cast(column, "VARCHAR")

    def test_what_is_missing(self):
        assert text(pa.array(["", "?", " ? ", "a", None, "-1"]), "?", "-1") == [None, None, None, "a", None, None]
        assert text(pa.array([-1, 2]), "-1") == [None, "2"]
        assert text(pa.nulls(2)) == [None, None]

    def test_true_and_false_dates_and_times(self):
        assert text(pa.array([True, False])) == ["true", "false"] == text(as_json([True, False]))
        assert text(pa.array([datetime.date(2020, 2, 1)])) == ["2020-02-01"]
        # of one width, so that the order of the texts is the order of the times
        times = [datetime.datetime(2020, 2, 1, 3), datetime.datetime(2020, 2, 1, 3, 0, 0, 5)]
        assert text(pa.array(times, pa.timestamp("ns"))) == ["2020-02-01 03:00:00.000000", "2020-02-01 03:00:00.000005"]

    def test_integers_beyond_64_bits(self):
        assert text(as_json([2**70, "x"])) == [str(2**70), "x"]

    @pytest.mark.parametrize(
        ("values", "row", "says"),
        [
            (pa.array([1.0, 2.5]), 1, "is 2.5, no whole number"),
            (pa.array([1.0, float("nan")]), 1, "is nan, no category"),
            (pa.array([float("inf")]), 0, "is inf"),
            (pa.array([2.0**53, 2.0**54]), 1, "too large for a float"),
            (pa.array([2.0**25], pa.float32()), 0, "too large for a float"),
            (pa.array([decimal.Decimal("1.00"), decimal.Decimal("1.50")]), 1, "no whole number"),
            (pa.array(["a", "b\0c"]), 1, "with a NUL character"),
            (pa.array([["a"]]), None, "where one text or whole number belongs"),
            (pa.array([{"a": 1}]), None, "where one text or whole number belongs"),
            (as_json(["a", {"b": 1}]), 1, "is {'b': 1}, where one text or whole number belongs"),
            (as_json(["a", 2.5]), 1, "is 2.5, no whole number"),
            (pa.array([b"a", b"\xff"]), None, "which is no text"),
        ],
    )
    def test_what_is_no_text(self, values, row, says):
        found, problem = misfit(as_text, values)
        assert (found, says in problem) == (row, True), problem


class TestNumber:
    def test_types(self):
        for values in (
            pa.array([1.5, None]),
            pa.array([1.5, None], pa.float32()),
            pa.array([decimal.Decimal("1.5"), None]),
        ):
            assert number(values) == [1.5, None]
        assert number(pa.array([True, False, None])) == [1.0, 0.0, None]
        assert number(pa.array([2**60], pa.uint64())) == [2.0**60]
        assert number(pa.nulls(2)) == [None, None]

    def test_a_float32_is_its_shortest_decimal(self):
        """0.1 as float32 and 0.1 in a text file are one number, also where it is a category of its value."""
        assert number(pa.array([0.1, 16777217.0], pa.float32())) == [0.1, 16777216.0]
        assert np.float32(number(pa.array([1 / 3], pa.float32()))[0]) == np.float32(1 / 3)

    def test_written_numbers(self):
        values = pa.array(["5", " -2.5e3 ", "", "?", "+7", ".5"])
        assert number(values, "?", written=True) == [5.0, -2500.0, None, None, 7.0, 0.5]

    @given(st.lists(st.floats(-3e38, 3e38).map(repr), min_size=1))
    def test_written_numbers_are_read_as_python_and_duckdb_read_them(self, texts):
        values = pa.array(texts)
        read = number(values, written=True)
        assert read == [float(text) for text in texts] == duckdb_cast(values, "DOUBLE")

    def test_there_is_one_zero(self):
        assert str(number(pa.array([-0.0]))) == "[0.0]"

    def test_text_that_means_missing_may_stand_among_numbers(self):
        assert number(as_json([1, "?", 2.5, None, True]), "?") == [1.0, None, 2.5, None, 1.0]
        assert number(pa.array(["?", ""]), "?") == [None, None]

    @pytest.mark.parametrize(
        "written", ["forty", "1,5", "nan", "inf", "-Infinity", "1e39", "5 6", "0x10", "--5", "1e400"]
    )
    def test_what_is_no_number(self, written):
        row, problem = misfit(as_number, pa.array(["1", written]), written=True)
        assert row == 1 and "no" in problem

    @pytest.mark.parametrize(
        ("values", "row"),
        [
            (pa.array([1.0, float("nan")]), 1),
            (pa.array([1.0, float("inf")]), 1),
            (pa.array([1e39]), 0),
            (pa.array(["5"]), 0),  # text, not a number, in a file that has numbers
            (as_json([5, "5"]), 1),
            (as_json([5, [5]]), 1),
            (as_json([5, 10**400]), 1),
            (pa.array([[5.0]]), None),
            (pa.array([datetime.date(2020, 1, 1)]), None),
        ],
    )
    def test_what_is_no_number_in_typed_files(self, values, row):
        assert misfit(as_number, values, written=False)[0] == row


class TestTexts:
    def test_lists_and_texts_to_cut(self):
        expected = [["a", "b"], [], [], ["3"]]
        for kind in (pa.list_(pa.string()), pa.large_list(pa.string())):
            assert as_texts(pa.array([["a", " b "], [], None, ["3"]], kind)).to_pylist() == expected
        assert as_texts(pa.array(["a|b", "", None, "3"])).to_pylist() == expected
        assert as_texts(pa.array(["a;b", "", None, "3"]), separator=";").to_pylist() == expected
        assert as_texts(as_json([["a", "b"], [], None, "3"])).to_pylist() == expected
        assert as_texts(pa.array([[3, 4]])).to_pylist() == [["3", "4"]] == as_texts(as_json([[3, "4"]])).to_pylist()
        assert as_texts(pa.array([["a", "b"]], pa.list_(pa.string(), 2))).to_pylist() == [["a", "b"]]
        assert as_texts(pa.nulls(2)).to_pylist() == [[], []]

    @given(st.lists(st.lists(st.sampled_from(["a", "b", "?", "", " ", None])) | st.none()), st.integers(0, 3))
    def test_missing_items_are_left_out(self, lists, start):
        column = pa.array(lists, pa.list_(pa.string())).slice(start)
        known = [[item for item in items or [] if item in ("a", "b")] for items in lists[start:]]
        assert as_texts(column, ("?",)).to_pylist() == known

    @pytest.mark.parametrize(
        ("values", "row"),
        [
            (pa.array([["a"], ["b\0"]]), 1),
            (pa.array([[], [1.0], [0.5]]), 2),
            (pa.array([5]), None),
            (as_json([["a"], 5]), 1),
            (as_json([["a"], [["b"]]]), 1),
            (as_json([{"a": 1}]), 0),
        ],
    )
    def test_what_is_no_list_of_texts(self, values, row):
        assert misfit(as_texts, values)[0] == row
