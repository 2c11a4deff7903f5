"""Rows written in every form, and read back."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmtl.data.table_form import WRITTEN, TableForm
from recmtl.data.table_writers import row_writer
from recmtl.errors import DataError


def written(form, *batches):
    file = io.BytesIO()
    with row_writer(form, file, Path(f"out.{form.value}")) as writer:
        for batch in batches:
            writer.write(batch if isinstance(batch, pa.RecordBatch) else pa.RecordBatch.from_pydict(batch))
    assert not file.closed
    return file.getvalue()


def csv_of(*batches):
    return written(TableForm.CSV, *batches).decode()


def json_of(*batches):
    return [json.loads(line) for line in written(TableForm.JSONL, *batches).decode().splitlines()]


def parquet_of(*batches):
    return pq.read_table(io.BytesIO(written(TableForm.PARQUET, *batches)))


KINDS = {
    "text": pa.array(["a", None]),
    "coded": pa.array(["a", None]).dictionary_encode(),
    "whole": pa.array([3, None]),
    "double": pa.array([0.1, float("nan")]),
    "single": pa.array([0.1, None], pa.float32()),
    "flag": pa.array([True, None]),
    "list": pa.array([["a", "b|c"], None]),
    "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"b": [1]}', '"x"'])),
    "none": pa.nulls(2),
    "bytes": pa.array([b"a", None]),
}


class TestDelimited:
    @given(st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=5)] * 2), min_size=1))
    def test_python_reads_what_is_written(self, records):
        names = ["a", 'b "x", y']
        batch = pa.RecordBatch.from_arrays([pa.array(column) for column in zip(*records, strict=True)], names=names)
        for form, delimiter in ((TableForm.CSV, ","), (TableForm.TSV, "\t")):
            text = io.StringIO(written(form, batch).decode(), newline="")
            assert list(csv.reader(text, delimiter=delimiter, strict=True)) == [names, *map(list, records)]

    def test_quotes_only_where_they_are_needed(self):
        assert csv_of({"a": ["x y", "x,y", 'x"y'], "b": ["|", "", "x\n"]}) == (
            'a,b\nx y,|\n"x,y",\n"x""y","x\n"\n'
        )  # fmt: skip

    def test_every_type(self):
        found = list(csv.reader(io.StringIO(csv_of(pa.RecordBatch.from_pydict(KINDS)))))
        assert found[1] == ["a", "a", "3", "0.1", "0.1", "true", '["a", "b|c"]', '{"b": [1]}', "", "a"]
        assert found[2] == ["", "", "", "nan", "", "", "", "x", "", ""]

    def test_scores_read_back_to_the_same_bits(self):
        scores = np.random.default_rng(0).random(5000, np.float32) ** 9
        read = np.array(csv_of({"s": pa.array(scores)}).split()[1:], np.float32)
        assert (read == scores).all()

    def test_bytes_that_are_no_text(self):
        with pytest.raises(DataError, match=r"out.csv: after 1 rows there is a value that cannot be written"):
            csv_of({"a": [b"x"]}, {"a": [b"\xff"]})


class TestJsonLines:
    def test_every_type(self):
        first, second = json_of(pa.RecordBatch.from_pydict(KINDS))
        assert first == {
            "text": "a", "coded": "a", "whole": 3, "double": 0.1, "single": 0.1, "flag": True, "list": ["a", "b|c"],
            "json": {"b": [1]}, "none": None, "bytes": "a",
        }  # fmt: skip
        assert second == {**dict.fromkeys(first), "json": "x"}

    def test_nan_in_lists_is_null(self):
        assert json_of({"a": [[1.0, float("nan")]], "b": [{"c": float("inf")}]}) == [
            {"a": [1.0, None], "b": {"c": None}}
        ]

    def test_kinds_may_change(self):
        assert json_of({"a": [1]}, {"a": ["x"]}) == [{"a": 1}, {"a": "x"}]


class TestParquet:
    def test_every_type(self):
        batch = pa.RecordBatch.from_pydict(KINDS)
        table = parquet_of(batch, batch)
        assert len(table) == 4
        assert table.schema.field("coded").type == table.schema.field("none").type == pa.string()
        for name in ("text", "whole", "single", "flag", "list", "bytes"):
            assert table[name].to_pylist() == KINDS[name].to_pylist() * 2

    def test_later_values_are_cast_if_nothing_is_lost(self):
        assert parquet_of({"a": [1.5]}, {"a": [2]})["a"].to_pylist() == [1.5, 2.0]
        with pytest.raises(DataError, match="column 'a' does not fit int64") as error:
            parquet_of({"a": [1]}, {"a": [1.5]})
        assert ".jsonl" in error.value.hint


@pytest.mark.parametrize("form", WRITTEN)
def test_columns_that_come_and_go(form):
    with pytest.raises(DataError, match="the column 'b' appears first after 1 rows"):
        written(form, {"a": [1]}, {"a": [1], "b": [1]})
    gone = written(form, {"a": [1], "b": [1]}, {"a": [2]})
    if form is TableForm.CSV:
        assert gone == b"a,b\n1,1\n2,\n"
