"""TFRecord files as tables: features are columns, whatever damages them is named with file and record."""

import gzip
import io
import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmtl.data import tfrecord_pieces
from recmtl.data.table_files import open_table
from recmtl.data.table_form import TableForm, form_of
from recmtl.data.tfrecord_pieces import open_examples
from recmtl.errors import DamagedError, DataError
from recmtl.testing.tfrecord_writer import encode_example, field, frame, write_examples, write_records

ROWS = [
    {"user": "u1", "tags": ["sea", "a|b"], "click": 1, "watched": 0.1},
    {"user": "Zoë", "tags": ["sky"], "click": 0},
    {"user": [], "tags": [], "click": -3, "watched": 2.5, "late": 7},
]


def opened(rows, source="rows.tfrecord"):
    return open_examples(io.BytesIO(b"".join(frame(encode_example(row)) for row in rows)), source)


def records(table):
    return [row for piece in table.pieces for row in piece.batch.to_pylist()]


def refused(kind, call):
    with pytest.raises(kind) as error:
        call()
    assert error.value.hint
    return error.value.message


class TestColumns:
    def test_are_the_features_as_they_are(self):
        table = opened(ROWS)
        [piece] = table.pieces
        assert table.columns == ("user", "tags", "click", "watched", "late")
        assert piece.batch.schema.types == [
            pa.string(), pa.list_(pa.string()), pa.int64(), pa.float32(), pa.int64()
        ]  # fmt: skip
        assert piece.batch["user"].to_pylist() == ["u1", "Zoë", None]
        assert piece.batch["tags"].to_pylist() == [["sea", "a|b"], ["sky"], None]
        assert piece.batch["click"].to_pylist() == [1, 0, -3] and piece.batch["late"].to_pylist() == [None, None, 7]

    def test_a_float_is_the_number_that_its_shortest_text_says(self):
        [piece] = opened(ROWS).pieces
        assert piece.number("watched").to_pylist() == [0.1, None, 2.5]

    def test_a_sequence_has_the_feature_s_values_uncut_however_many_its_neighbours_have(self):
        [piece] = opened(ROWS).pieces
        assert piece.texts("tags").to_pylist() == [["sea", "a|b"], ["sky"], []]
        [alone] = opened([{"tags": "a|b"}, {}, {"tags": " sky "}, {"tags": ""}]).pieces
        assert alone.texts("tags").to_pylist() == [["a|b"], [], ["sky"], []]
        [numbers] = opened([{"tags": 5}, {"tags": -1}]).pieces
        assert numbers.texts("tags").to_pylist() == [["5"], ["-1"]]

    def test_a_list_where_one_value_belongs_is_refused(self):
        [piece] = opened(ROWS).pieces
        assert "column 'tags' holds list" in refused(DataError, lambda: piece.text("tags"))

    def test_a_feature_without_any_value_is_null_in_every_row(self):
        [piece] = opened([{"a": [], "b": 1}]).pieces
        assert piece.batch["a"].to_pylist() == [None] and piece.text("a").to_pylist() == [None]

    def test_a_column_stays_a_list_once_it_was_one(self, monkeypatch):
        monkeypatch.setattr(tfrecord_pieces, "PIECE_ROWS", 2)
        table = opened([{"a": "x"}, {"a": "y"}, {"a": ["x", "y"]}, {"a": "z"}, {"a": "x", "b": 1}])
        assert table.columns == ("a",)
        assert records(table) == [{"a": "x"}, {"a": "y"}, {"a": ["x", "y"]}, {"a": ["z"]}, {"a": ["x"], "b": 1}]

    def test_long_records_make_short_pieces(self, monkeypatch):
        monkeypatch.setattr(tfrecord_pieces, "PIECE_BYTES", 1000)
        assert [len(piece.batch) for piece in opened([{"a": "x" * 600}] * 5).pieces] == [2, 2, 1]

    @given(st.lists(st.fixed_dictionaries({"id": st.integers(0, 9)}, optional={
        "text": st.text(min_size=1), "whole": st.integers(-(2**63), 2**63 - 1), "number": st.floats(width=32),
        "list": st.lists(st.text(), min_size=2),
    }), min_size=1))  # fmt: skip
    def test_what_goes_in_comes_out(self, rows):
        names = {name for row in rows for name in row}
        expected = [{name: row.get(name) for name in names} for row in rows]
        assert repr([dict(sorted(row.items())) for row in records(opened(rows))]) == repr(
            [dict(sorted(row.items())) for row in expected]
        )


class TestFiles:
    def test_by_name_or_by_the_form_that_is_given(self, tmp_path):
        for name in ("a.tfrecord", "a.tfrecord.gz", "part-r-00000"):
            write_examples(tmp_path / name, ROWS)
        expected = records(opened(ROWS))
        assert form_of("a.TFRecord.gz") is TableForm.TFRECORD
        assert records(open_table(str(tmp_path / "a.tfrecord"))) == expected
        assert records(open_table(str(tmp_path / "a.tfrecord.gz"))) == expected
        assert records(open_table(str(tmp_path / "part-r-00000"), TableForm.TFRECORD)) == expected

    def test_a_folder_whose_files_have_other_features(self, tmp_path):
        write_examples(tmp_path / "0.tfrecord", [{"a": 1}])
        write_examples(tmp_path / "1.tfrecord", [{"a": 2, "b": "x"}])
        assert records(open_table(str(tmp_path))) == [{"a": 1}, {"a": 2, "b": "x"}]

    @pytest.mark.parametrize("packed", [False, True])
    def test_standard_input_is_recognised_by_its_first_checksum(self, packed):
        content = b"".join(frame(encode_example(row)) for row in ROWS)
        script = "from recmtl.data.table_files import open_table\nt = open_table('-')\n"
        script += "print(t.form.value, sum(len(p.batch) for p in t.pieces))"
        content = gzip.compress(content) if packed else content
        ran = subprocess.run([sys.executable, "-c", script], input=content, capture_output=True, check=True)
        assert ran.stdout.split() == [b"tfrecord", b"3"]

    def test_a_column_that_is_not_there(self, tmp_path):
        write_examples(tmp_path / "a.tfrecord", [{"click": 1, "user": "u"}])
        table = open_table(str(tmp_path / "a.tfrecord"))
        message = refused(DataError, lambda: table.require(["clicks"], "Mend it."))
        assert "there is no column 'clicks' (did you mean 'click'?)" in message


class TestRefusals:
    def test_a_changed_byte_is_named_with_its_record(self, tmp_path):
        path = tmp_path / "a.tfrecord"
        write_examples(path, [{"a": "x" * 20}] * 3)
        content = bytearray(path.read_bytes())
        content[-10] ^= 1
        path.write_bytes(content)
        assert "a.tfrecord, record 3 (byte " in refused(DamagedError, lambda: records(open_table(str(path))))
        path.write_bytes(content[:-30])
        assert "the file ends in the middle" in refused(DamagedError, lambda: records(open_table(str(path))))

    def test_no_records(self):
        assert refused(DataError, lambda: opened([])) == "rows.tfrecord holds no rows."

    def test_another_kind_than_before(self):
        message = refused(DataError, lambda: opened([{"a": 1}, {"a": "1"}]))
        assert "record 2 (byte " in message and "column 'a' holds text, and in a record before integers" in message

    def test_bytes_that_are_no_text(self):
        assert "column 'a' is not UTF-8" in refused(DataError, lambda: opened([{"a": b"\xff"}]))

    def test_a_name_that_is_no_text(self, tmp_path):
        write_records(tmp_path / "a.tfrecord", [field(1, field(1, field(1, b"\xff") + field(2, b"")))])
        message = refused(DataError, lambda: open_table(str(tmp_path / "a.tfrecord")))
        assert "the name of the feature b'\\xff' is not UTF-8" in message

    def test_a_record_that_is_no_example(self, tmp_path):
        write_records(tmp_path / "a.tfrecord", [b"\xff\xff"])
        message = refused(DataError, lambda: open_table(str(tmp_path / "a.tfrecord")))
        assert "record 1 (byte 0) is not a tf.train.Example" in message
