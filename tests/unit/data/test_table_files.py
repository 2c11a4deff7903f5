"""Files of rows: every form, folders, standard input; what is wrong is named with file, line and column."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmtl.data import csv_pieces, json_pieces, line_blocks
from recmtl.data.csv_pieces import open_delimited
from recmtl.data.json_pieces import open_json_lines
from recmtl.data.table_files import open_table
from recmtl.data.table_form import TableForm, form_of
from recmtl.errors import ConfigError, DamagedError, DataError, MissingError

CSV = "id,age\na,1\nb,2\nc,3\n"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def rows(table):
    return [row for piece in table.pieces for row in piece.batch.to_pylist()]


def refused(kind, call):
    with pytest.raises(kind) as error:
        call()
    assert error.value.hint
    return error.value.message


def read_all(path, form=None):
    table = open_table(str(path), form)
    return rows(table)


class TestForms:
    def test_by_name(self):
        assert form_of("a.CSV") is form_of("a.csv.gz") is TableForm.CSV
        assert form_of("a.b.tsv") is TableForm.TSV
        assert form_of("a.ndjson.gz") is form_of("a.jsonl") is TableForm.JSONL
        assert form_of("a.parquet") is TableForm.PARQUET
        assert form_of("a.parquet.gz") is form_of("adult.data") is form_of("csv") is None

    def test_all_columns_as_they_are(self, tmp_path):
        table = pa.table({"id": ["a", None], "n": pa.array([1, 2], pa.uint8()), "list": [[1.5], []], "": [None, True]})
        pq.write_table(table, tmp_path / "a.parquet")
        opened = open_table(str(tmp_path / "a.parquet"))
        assert opened.columns == ("id", "n", "list", "")
        assert pa.Table.from_batches([piece.batch for piece in opened.pieces]).equals(table)
        write(tmp_path / "a.csv", '\ufeffid, age ,\n"a,\n""x""", 7,\r\n\n,?,NULL\n')
        assert read_all(tmp_path / "a.csv") == [
            {"id": 'a,\n"x"', "age": " 7", "": ""}, {"id": "", "age": "?", "": "NULL"},
        ]  # fmt: skip
        write(tmp_path / "a.tsv", "id\tage\na,b\t5\n")
        assert read_all(tmp_path / "a.tsv") == [{"id": "a,b", "age": "5"}]
        lines = ['{"id": 1, "x": {"y": [1, "z"]}}', "", '{"age": 2.5, "id": 2}', '{"x": "\\u00e9\\u2028", "id": null}']
        write(tmp_path / "a.jsonl", "\n".join(lines))
        opened = open_table(str(tmp_path / "a.jsonl"))
        assert opened.columns == ("id", "x", "age")
        [piece] = opened.pieces
        assert piece.batch["id"].to_pylist() == [1, 2, None] and piece.batch["age"].to_pylist() == [None, 2.5, None]
        assert [json.loads(x) if x else x for x in piece.batch["x"].to_pylist()] == [{"y": [1, "z"]}, None, "é\u2028"]

    def test_gzip_by_content(self, tmp_path):
        for name in ("a.csv", "a.csv.gz"):
            assert read_all(write(tmp_path / name, gzip.compress(CSV.encode()))) == read_all(
                write(tmp_path / "b.csv", CSV)
            )

    def test_a_stated_form_wins_over_the_name(self, tmp_path):
        assert len(read_all(write(tmp_path / "rows.parquet", CSV), TableForm.CSV)) == 3

    def test_a_name_that_says_nothing(self, tmp_path):
        path = write(tmp_path / "adult.data", CSV)
        assert "adult.data: its name does not say" in refused(ConfigError, lambda: open_table(path))

    def test_nothing_there(self, tmp_path):
        assert "is not there" in refused(MissingError, lambda: open_table(str(tmp_path / "a.csv")))


class TestFolders:
    def test_files_in_the_order_of_their_names(self, tmp_path):
        write(tmp_path / "part-2.csv", "age,id\n4,d\n")
        write(tmp_path / "part-10.csv", CSV)
        write(tmp_path / "_SUCCESS", "")
        write(tmp_path / ".part-2.csv.crc", "x")
        assert [row["id"] for row in read_all(tmp_path)] == ["a", "b", "c", "d"]
        assert all(list(row) == ["id", "age"] for row in read_all(tmp_path))

    @pytest.mark.parametrize("ending", ["csv", "jsonl"])
    def test_an_empty_file_of_a_writer_without_rows_is_passed_over(self, tmp_path, ending):
        row = "a\n1\n" if ending == "csv" else '{"a": "1"}\n'
        for name, text in (("part-0", ""), ("part-1", row), ("part-2", ""), ("part-3", row)):
            (tmp_path / f"{name}.{ending}").write_text(text)
        table = open_table(str(tmp_path))
        assert [value for piece in table.pieces for value in piece.text("a").to_pylist()] == ["1", "1"]

    def test_parquet_and_json(self, tmp_path):
        for number in (1, 2):
            pq.write_table(pa.table({"id": [number, number]}), tmp_path / f"{number}.parquet")
        assert read_all(tmp_path) == [{"id": 1}, {"id": 1}, {"id": 2}, {"id": 2}]
        (tmp_path / "json").mkdir()
        write(tmp_path / "json/1.jsonl", '{"a": 1}\n')
        write(tmp_path / "json/2.jsonl", '{"b": 1}\n')
        assert read_all(tmp_path / "json") == [{"a": 1}, {"b": 1}]

    @pytest.mark.parametrize(
        ("files", "kind", "says"),
        [
            ({}, MissingError, "holds no files"),
            ({"a.csv": CSV, "b.jsonl": "{}"}, ConfigError, "files of several forms: csv and jsonl"),
            ({"a.csv": CSV, "README.txt": ""}, ConfigError, "README.txt: its name"),
            ({"a.csv": CSV, "inner/b.csv": CSV}, DataError, "inner is a folder"),
            ({"a.csv": CSV, "b.csv": "id,agee\n"}, DataError, "b.csv: there is no column 'age' (did you mean 'agee'?)"),
            ({"a.csv": CSV, "b.csv": "id,age,sex\n"}, DataError, "b.csv: the column 'sex' is in no file before"),
        ],
    )
    def test_what_is_refused(self, tmp_path, files, kind, says):
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            write(tmp_path / name, content)
        assert says in refused(kind, lambda: read_all(tmp_path))


STDIN = """
from recmtl.data.table_files import open_table
table = open_table("-")
print(table.form.value, [row for piece in table.pieces for row in piece.batch.to_pylist()])
"""


class TestAboutRows:
    def test_parquet_and_lines_are_counted(self, tmp_path):
        (tmp_path / "p").mkdir()
        for name, rows in (("a", 3), ("b", 4)):
            pq.write_table(pa.table({"id": ["x"] * rows}), tmp_path / f"p/{name}.parquet")
        assert open_table(str(tmp_path / "p")).about_rows == 7
        write(tmp_path / "rows.csv", "id\n" + "x\n" * 1000)
        assert open_table(str(tmp_path / "rows.csv")).about_rows == 1001  # the header is a line too

    def test_what_is_packed_is_not(self, tmp_path):
        (tmp_path / "rows.csv").write_bytes(gzip.compress(b"id\nx\n"))
        assert open_table(str(tmp_path / "rows.csv")).about_rows == 0


class TestPipes:
    def parquet(self, tmp_path):
        pq.write_table(pa.table({"id": ["a"]}), tmp_path / "a.parquet")
        return (tmp_path / "a.parquet").read_bytes()

    def test_standard_input_of_a_process(self, tmp_path):
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        packed = gzip.compress(self.parquet(tmp_path))
        done = subprocess.run([sys.executable, "-c", STDIN], input=packed, capture_output=True, env=env)
        assert done.stdout.decode() == "parquet [{'id': 'a'}]\n", done.stderr

    @pytest.mark.parametrize("packed", [False, True])
    @pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
    def test_the_form_is_sniffed(self, tmp_path, form, packed):
        known = {"csv": b"id,x y\na,\n", "tsv": b"id\tx\na\t\n", "jsonl": b'\xef\xbb\xbf {"id": "a"}\n'}
        data = known.get(form) or self.parquet(tmp_path)
        os.mkfifo(tmp_path / "rows")
        writer = threading.Thread(
            target=(tmp_path / "rows").write_bytes, args=[gzip.compress(data) if packed else data]
        )
        writer.start()
        table = open_table(str(tmp_path / "rows"))
        assert (table.form.value, rows(table)[0]["id"]) == (form, "a")
        writer.join()


def delimited(data, size=None):
    stream = io.BytesIO(data if isinstance(data, bytes) else data.encode())
    opened = open_delimited(stream, "a.csv", ",")
    return opened.columns, [row for piece in opened.pieces for row in piece.batch.to_pylist()]


@pytest.fixture(params=[7, 1 << 23])
def block_bytes(request, monkeypatch):
    """Blocks that end anywhere in the text, or hold it all."""
    monkeypatch.setattr(line_blocks.blocks, "__defaults__", (request.param,))
    monkeypatch.setattr(json_pieces, "BLOCK_BYTES", request.param)
    return request.param


CELLS = st.text(st.sampled_from('ab",\n\r \té|'), max_size=6)


class TestDelimited:
    @given(
        st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), max_size=8)),
        st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.integers(1, 60),
    )  # fmt: skip
    def test_what_python_writes_is_read_back(self, records, ending, quoting, size):
        """With blocks of any size."""
        width = len(records[0]) if records else 1
        text = io.StringIO()
        if any("\r" in value for record in records for value in record):
            quoting = csv.QUOTE_ALL  # else Python leaves a carriage return bare
        writer = csv.writer(text, lineterminator=ending, quoting=quoting)
        writer.writerow([f"c{place}" for place in range(width)])
        writer.writerows(records)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(line_blocks.blocks, "__defaults__", (size,))
            columns, read = delimited(text.getvalue())
        assert [[row[name] for name in columns] for row in read] == records

    def test_lines_are_counted_over_line_ends_in_quotes_and_empty_lines(self, block_bytes):
        text = 'id,age\n"a\nb",1\n\n\r\nc,2\n"d\n\n",x\n'
        opened = open_delimited(io.BytesIO(text.encode()), "a.csv", ",")

        def numbers():
            for piece in opened.pieces:
                piece.number("age")

        assert refused(DataError, numbers) == "a.csv, line 7, column 'age' is 'x', which is no number."

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            ("", "a.csv is empty"),
            ("\n\n", "a.csv is empty"),
            ("id,age,id\n", "a.csv, line 1 names two columns 'id'"),
            ("\nid,id \n", "a.csv, line 2 names two columns 'id'"),
            ("id,age\na,1\nb\nc,2\n", "a.csv, line 3 has 1 values; there are 2 columns"),
            ("id,age\na,1\n\nb,1,2\n", "a.csv, line 4 has 3 values; there are 2 columns"),
            ('id,age\n"a\n",1\nb,1,2\n', "a.csv, line 4 has 3 values"),
            ("id;age\na;1,2\n", "a.csv, line 2 has 2 values; there are 1 columns"),
            ('id,age\na,1\nb,"2\nc,3\n', "a.csv, line 3: the quote that opens here is not closed"),
            ('id,age\na,1\nb,"2\nc,"3"\n', "a.csv, line 3: the quoted value that begins here goes on"),
            ('id,age\na,"1"x\n', "a.csv, line 2: the quoted value that begins here goes on"),
            ('id,age\na,5" pipe\n', "a.csv, line 2: a quote stands within a value"),
            ('id,age\na, "1"\n', "a.csv, line 2: a quote stands within a value"),
            ('id,"age\n', "a.csv, line 1: the quote that opens here is not closed"),
            ("id,age\na,1\rb,2\n", "a.csv, line 2: a carriage return stands alone"),
            ("id,age\ra,1\rb,2\r", "a.csv, line 1: a carriage return stands alone"),
            (b"id,age\na,1\n\xffb,2\n", "a.csv, line 3, column 'id' holds the byte FF, which is not UTF-8"),
            (b"id,\xfcge\na,1\n", "a.csv, line 1, column '2' holds the byte FC"),
            ("id,age\na,1\nb,\0\n", "a.csv, line 3, column 'age' holds a NUL byte"),
            ("id,age\na,1\n".encode("utf-16"), "a.csv, line 1, column '1' holds"),
        ],
    )
    def test_what_is_refused(self, data, says, block_bytes):
        assert says in refused(DataError, lambda: delimited(data))

    def test_a_quote_that_never_closes_does_not_fill_the_memory(self, monkeypatch):
        monkeypatch.setattr(line_blocks, "MAX_ROW_BYTES", 1000)
        monkeypatch.setattr(line_blocks.blocks, "__defaults__", (100,))
        text = 'id,age\na,1\n"b,2\n' + "c,3\n" * 1000
        assert "a.csv, line 3: the row that begins here does not end" in refused(DataError, lambda: delimited(text))

    def test_pieces_are_bounded_in_rows(self, monkeypatch):
        monkeypatch.setattr(csv_pieces, "MAX_ROWS", 2)
        opened = open_delimited(io.BytesIO(b"a\n1\n2\n3\n4\nx\n"), "a.csv", ",")
        pieces = list(opened.pieces)
        assert [len(piece.batch) for piece in pieces] == [2, 2, 1]
        assert "line 6" in refused(DataError, lambda: pieces[2].number("a"))


def json_lines(data):
    opened = open_json_lines(io.BytesIO(data if isinstance(data, bytes) else data.encode()), "a.jsonl")
    return [row for piece in opened.pieces for row in piece.batch.to_pylist()]


class TestJsonLines:
    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from("abc"), st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.text() |
                st.lists(st.integers(0, 9) | st.text(max_size=2), max_size=3), min_size=1
            ), min_size=1, max_size=6,
        ), st.integers(1, 60),
    )  # fmt: skip
    def test_what_python_writes_is_read_back(self, records, size):
        """Values of several kinds come as JSON text, all others as they are; never as another value."""
        text = "\n".join(json.dumps(record) for record in records)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_pieces, "BLOCK_BYTES", size)
            opened = open_json_lines(io.BytesIO(text.encode()), "a.jsonl")
            read = []
            for piece in opened.pieces:
                texts = [isinstance(kind, pa.JsonType) for kind in piece.batch.schema.types]
                for row in piece.batch.to_pylist():
                    values = zip(row.items(), texts, strict=True)
                    read.append({k: json.loads(v) if is_text and v is not None else v for (k, v), is_text in values})
        assert [{k: v for k, v in row.items() if v is not None} for row in read] == [
            {k: v for k, v in record.items() if v is not None} for record in records
        ]

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            ("", "a.jsonl holds no rows"),
            ("\n \n", "a.jsonl holds no rows"),
            ('{"a": 1}\n\n{"a": }\n', "a.jsonl, line 3 is not JSON: a value is expected (character 7)"),
            ('{"a": 1}\n{"a": 1\n', "a.jsonl, line 2 is not JSON"),
            ('{"a": 1} {"a": 2}\n', "a.jsonl, line 1 is not JSON: more follows (character 9)"),
            ('{"a": 1},\n{"a": 2}\n', "a.jsonl, line 1 is not JSON: more follows"),
            ("{\n", "a.jsonl, line 1 is not JSON"),
            ('[{"a": 1}]\n', "a.jsonl, line 1 is a list, not an object"),
            ("null\n", "a.jsonl, line 1 is null, not an object"),
            ("id,age\n", "a.jsonl, line 1 is not JSON: a value is expected"),
            ('{"a": 1}\n{"a": 1, "a": 2}\n', "a.jsonl, line 2 has the key 'a' twice"),
            ('{"a": {"b": 1, "b": 2}}\n', "a.jsonl, line 1 has the key 'b' twice"),
            ('{"a": NaN}\n', "a.jsonl, line 1 holds NaN, which is no JSON"),
            ('{"a": -Infinity}\n', "a.jsonl, line 1 holds -Infinity"),
            ('{"a": 1}\n{"a": 1e400}\n', "a.jsonl, line 2, column 'a' holds a number beyond"),
            ('{"a": {}}\n{"a": {"b": 1e400}}\n', "a.jsonl, line 2, column 'a' holds a number beyond"),
            ('{"a": ' + "9" * 5000 + "}\n", "a.jsonl, line 1"),
            ('{"a": ' + "[" * 100_000 + "}\n", "a.jsonl, line 1 nests objects too deeply"),
            ('{"a": "x"}\n{"a": "\\ud800"}\n', "a.jsonl, line 2, column 'a' holds half a character"),
            (b'{"a": 1}\n{"a": "\xff"}\n', "a.jsonl, line 2 holds the byte FF, which is not UTF-8"),
        ],
    )
    def test_what_is_refused(self, data, says, block_bytes):
        assert says in refused(DataError, lambda: json_lines(data))

    @pytest.mark.parametrize(
        ("line", "column", "says"),
        [
            ('{"id": "a", "age": "forty"}', "age", "line 3, column 'age' is 'forty', which is text; a number belongs"),
            ('{"id": "a", "age": [1]}', "age", "line 3, column 'age' is [1], where a number belongs here"),
            ('{"id": {"x": 1}, "age": 1}', "id", "line 3, column 'id' is {'x': 1}, where one text or whole number"),
            ('{"id": 0.5, "age": 1}', "id", "line 3, column 'id' is 0.5, no whole number"),
        ],
    )
    def test_a_value_of_another_kind(self, line, column, says):
        opened = open_json_lines(io.BytesIO(b'{"id": "a", "age": 1}\n\n' + line.encode()), "a.jsonl")
        [piece] = opened.pieces
        message = refused(DataError, lambda: piece.number(column) if column == "age" else piece.text(column))
        assert says.removesuffix(" here") in message


class TestParquet:
    def good(self, path, **options):
        pq.write_table(pa.table({"id": [str(i) for i in range(10_000)], "n": range(10_000)}), path, **options)
        return path

    def test_rows_are_counted(self, tmp_path):
        values = [1.0] * 70_000
        values[66_000] = float("nan")
        pq.write_table(pa.table({"n": values}), tmp_path / "a.parquet")
        pieces = open_table(str(tmp_path / "a.parquet")).pieces
        message = refused(DataError, lambda: [piece.number("n") for piece in pieces])
        assert message.endswith("a.parquet, row 66001, column 'n' is nan, no finite number.")

    @pytest.mark.parametrize("share", [0.01, 0.5, 0.9999])
    def test_cut_off(self, tmp_path, share):
        path = self.good(tmp_path / "a.parquet")
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        assert "a.parquet is cut off" in refused(DamagedError, lambda: read_all(path))

    def test_a_page_with_a_wrong_sum(self, tmp_path):
        path = self.good(tmp_path / "a.parquet", write_page_checksum=True, compression="none", use_dictionary=False)
        data = bytearray(path.read_bytes())
        data[data.find(b"5000") + 1] ^= 1
        path.write_bytes(data)
        assert "a.parquet is damaged" in refused(DamagedError, lambda: read_all(path))

    def test_no_parquet_at_all(self, tmp_path):
        assert "is no Parquet file" in refused(DataError, lambda: read_all(write(tmp_path / "a.parquet", CSV)))
        assert "is no Parquet file" in refused(DataError, lambda: read_all(write(tmp_path / "b.parquet", "")))

    def test_two_columns_of_one_name(self, tmp_path):
        table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
        pq.write_table(table, tmp_path / "a.parquet")
        assert "names two columns 'a'" in refused(DataError, lambda: read_all(tmp_path / "a.parquet"))

    def test_text_that_is_not_utf_8(self, tmp_path):
        texts = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"\xff"], pa.binary()).buffers())
        pq.write_table(pa.table({"id": texts}), tmp_path / "a.parquet")
        message = refused(DataError, lambda: read_all(tmp_path / "a.parquet"))
        assert "row 2, column 'id' is not as its type says" in message


class TestDamage:
    @pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
    def test_a_gzip_that_is_cut_off(self, tmp_path, name):
        line = "id,age\n" if "csv" in name else '{"id": 1}\n'
        packed = gzip.compress(("".join(line for _ in range(100_000))).encode())
        message = refused(DamagedError, lambda: read_all(write(tmp_path / name, packed[:-9])))
        assert f"{name} is damaged" in message


class TestColumns:
    def test_all_that_are_not_there_at_once(self, tmp_path):
        table = open_table(write(tmp_path / "a.csv", "user_id,age,sex\n1,2,3\n"))
        table.require(["age", "sex"], "Look again.")
        message = refused(DataError, lambda: table.require(["userid", "sex", "city"], "Look again."))
        assert message == (f"{tmp_path}/a.csv: there are no columns 'userid' (did you mean 'user_id'?), 'city'.")

    def test_a_key_that_comes_late_is_there(self, tmp_path):
        table = open_table(write(tmp_path / "a.jsonl", '{"a": 1}\n{"b": 1}\n'))
        table.require(["a", "b"], "Look again.")
        assert [piece.text("b").to_pylist() for piece in table.pieces] == [[None, "1"]]
