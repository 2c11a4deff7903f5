"""Delimited text is read strictly: a line that is not as declared is refused with file, line and column."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from recmtl.data.delimited import CSV, ColumnType, Format, read_delimited
from recmtl.errors import DamagedError, DataError, MissingError

COLUMNS: dict[str, ColumnType] = {"age": "number", "city": "text"}


def read(
    path: Path, columns: Mapping[str, ColumnType] = COLUMNS, threads: int = 2, **options: Any
) -> list[tuple[Any, ...]]:
    with duckdb.connect(config={"threads": threads}) as connection:
        lines = read_delimited(connection, path, columns, **options)
        return connection.execute(f"{lines.query} ORDER BY place").fetchall()


def values(folder: Path, content: bytes, **options: Any) -> list[tuple[Any, ...]]:
    path = folder / "people.csv"
    path.write_bytes(content)
    return [row[1:] for row in read(path, **options)]


def refused(folder: Path, content: bytes, **options: Any) -> str:
    path = folder / "people.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(path, **options)
    assert str(path) in caught.value.message
    assert "\n" not in str(caught.value)
    assert len(caught.value.message) < len(str(path)) + 300
    return str(caught.value).replace(f"{path}: ", "")


PLAIN = [(1.0, "Oslo"), (2.0, "Rom")]


@pytest.mark.parametrize(
    "content",
    [
        b"1,Oslo\n2,Rom\n",
        b"1,Oslo\n2,Rom",
        b"1,Oslo\r\n2,Rom\r\n",
        b"1,Oslo\r2,Rom\r",
        b"\n\n1,Oslo\n\n\n2,Rom\n\n",
        b"1,Oslo\r\n\r\n2,Rom\r\n\r\n",
        b" 1 , Oslo\n2,  Rom  \n",
        b'"1","Oslo"\n2,"Rom"\n',
        b"\xef\xbb\xbf1,Oslo\n2,Rom\n",
        b"+1.0,Oslo\n2e0,Rom\n",
    ],
)
def test_every_writing_of_the_same_rows(tmp_path: Path, content: bytes) -> None:
    assert values(tmp_path, content) == PLAIN


def test_texts_are_kept_as_they_are(tmp_path: Path) -> None:
    content = '1,"a, b"\n2,"say ""x"""\n3,it\'s\n4,"two\nlines"\n5,数\n6,x"y\n'.encode()
    assert [text for _, text in values(tmp_path, content)] == ["a, b", 'say "x"', "it's", "two\nlines", "数", 'x"y']


def test_missing_texts_are_null(tmp_path: Path) -> None:
    assert values(tmp_path, b"1,\n,?\n ? ,x\n", missing=("", "?")) == [(1.0, None), (None, None), (None, "x")]
    assert values(tmp_path, b"1,?\n") == [(1.0, "?")]


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n\n"])
def test_an_empty_file_has_no_rows(tmp_path: Path, content: bytes) -> None:
    assert values(tmp_path, content) == []


def test_places_follow_the_file_on_any_number_of_threads(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(b"".join(b"%d,some text to make it longer\n" % i for i in range(1, 1_300_001)))  # two buffers
    assert path.stat().st_size > 32 * 2**20
    for threads in (1, 4):
        with duckdb.connect(config={"threads": threads}) as connection:
            query = read_delimited(connection, path, COLUMNS).query
            found = connection.execute(f"SELECT count(*), count(*) FILTER (place = age) FROM ({query})").fetchone()
        assert found == (1_300_000, 1_300_000)


# what is refused


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"1,a\nx1,b\n", "line 2, column age: 'x1' is not a number"),
        (b"1,a\nnan,b\n", "line 2, column age: 'nan' is not a number"),
        (b"1,a\n-inf,b\n", "line 2, column age: '-inf' is not a number"),
        (b"1,a\n1e999,b\n", "line 2, column age: '1e999' is not a number"),
        (b"1,a\n0x10,b\n", "line 2, column age: '0x10' is not a number"),
        (b"1,a\n1;5,b\n", "line 2, column age: '1;5' is not a number"),
        (b"\n1,a\n\n\nx1,b\n", "line 5, column age: 'x1' is not a number"),
        (b"\r\n1,a\r\n\r\n\r\nx1,b\r\n", "line 5, column age: 'x1' is not a number"),
        (b'1,"two\nlines"\nx1,b\n', "line 3, column age: 'x1' is not a number"),
        (b"1,a\n2,b,c\n", "line 2 has 3 columns, expected 2. The columns are age, city."),
        (b"1,a\n2\n", "line 2 has 1 column, expected 2"),
        (b"1,a\n\n\n2\n", "line 4 has 1 column, expected 2"),
        (b"1,a\n  \n2,b\n", "line 2 has 1 column, expected 2"),
        (b'1,a\n2,"b\n3,c\n4,d\n', "line 2 holds a quote that does not end"),
        (b'1,a\n2,b\n3,"c', "line 3 holds a quote that does not end"),
        (b'1,a\n2,"b"c\n', "line 2 holds a quote that does not end, or goes on after it"),
        (b"1,a\n2,b\0c\n", "line 2, column city: 'b\\x00c' holds a NUL byte"),
        (b"1,a\n2\0,b\n", "line 2, column age: '2\\x00' is not a number"),
        (b"1,a\n" + bytes(4096), "line 2"),
        (b"1,a\n2,Malm\xf6\n", "line 2 is not UTF-8 text"),
        (b"1,a\n2,b\r\n3,c\n", "the ends of lines are mixed"),
        (b"1,a\n2," + b"x" * 3_000_000 + b"\n", "line 2 is longer than"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, content: bytes, problem: str, threads: int) -> None:
    assert problem in refused(tmp_path, content, threads=threads)


def test_the_first_broken_line_is_named(tmp_path: Path) -> None:
    content = b"".join(b"%d,a\n" % i if i not in (777, 888) else b"x,a\n" for i in range(1, 1001))
    assert "line 777, " in refused(tmp_path, content, threads=4)


def test_a_quote_that_does_not_end_takes_no_rows_along_in_silence(tmp_path: Path) -> None:
    rows = [b"%d,text\n" % i for i in range(1, 200_001)]
    for line in (1, 100_000, 200_000):
        broken = [*rows[: line - 1], b'%d,"text\n' % line, *rows[line:]]
        assert f"line {line} " in refused(tmp_path, b"".join(broken))


def test_a_long_wrong_text_is_cut(tmp_path: Path) -> None:
    assert "column age: 'xxx" in refused(tmp_path, b"x" * 100_000 + b",a\n")


# headers


def test_columns_are_found_by_the_header(tmp_path: Path) -> None:
    assert values(tmp_path, b"zip,city,age,note\n0,Oslo,1,\n0,Rom,2,x\n", header=True) == PLAIN


@pytest.mark.parametrize("head", [b",city,age", b"x,city,age", b"Age,city,age", b"x.1 'y',city,age", b"\xff,city,age"])
def test_other_columns_may_have_any_name(tmp_path: Path, head: bytes) -> None:
    assert values(tmp_path, head + b"\n0,Oslo,1\n0,Rom,2\n", header=True) == PLAIN


def test_other_columns_may_share_a_name(tmp_path: Path) -> None:
    assert values(tmp_path, b"x,city,age,x\n0,Oslo,1,5\n0,Rom,2,5\n", header=True) == PLAIN


def test_a_header_may_be_quoted_and_follow_a_byte_order_mark(tmp_path: Path) -> None:
    assert values(tmp_path, b'\xef\xbb\xbf"city", age\nOslo,1\nRom,2\n', header=True) == PLAIN


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"ag,city\n1,a\n", "line 1 names no column 'age' (did you mean 'ag'?)"),
        (b"city\n1\n", "line 1 names no column 'age' (known: city)"),
        (b"\nage,city\n1,a\n", "line 1 names no column 'age'"),
        (b"age,city,age\n1,a,2\n", "line 1 names 'age' twice"),
        (b"", "ends before line 1, which must name its columns"),
        (b"age,city\n1,a\nx,b\n", "line 3, column age: 'x' is not a number"),
        (b"age,city\n1,a\n\n\nx,b\n", "line 5, column age: 'x' is not a number"),
        (b"age,city,zip\n1,a\n", "line 2 has 2 columns, expected 3"),
    ],
)
def test_a_header_that_does_not_do_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    assert problem in refused(tmp_path, content, header=True)


def test_lines_before_anything_else_are_skipped_and_counted(tmp_path: Path) -> None:
    assert values(tmp_path, b"|a remark\n1,Oslo\n2,Rom\n", skip=1) == PLAIN
    assert values(tmp_path, b'|a "remark\ncity,age\nOslo,1\nRom,2\n', skip=1, header=True) == PLAIN
    assert "line 3, column age: 'x'" in refused(tmp_path, b"|a remark\n1,Oslo\nx,Rom\n", skip=1)
    assert "line 2 names no column 'age'" in refused(tmp_path, b"|a remark\ncity\nOslo\n", skip=1, header=True)


# other formats

COLONS = Format(delimiter="::", quotes=False, encoding="latin-1")


def test_a_delimiter_of_two_characters(tmp_path: Path) -> None:
    content = b'1::a:b, "c\n\n2::"d"\n3::\n'
    assert values(tmp_path, content, form=COLONS) == [(1.0, 'a:b, "c'), (2.0, '"d"'), (3.0, None)]
    assert values(tmp_path, b"city::age\nOslo::1\nRom::2\n", form=COLONS, header=True) == PLAIN


def test_tabs(tmp_path: Path) -> None:
    assert values(tmp_path, b"1\tOslo\n2\t'Rom\n", form=Format("\t", quotes=False)) == [(1.0, "Oslo"), (2.0, "'Rom")]
    content = b'age\tcity\n1\t"Os\tlo"\n2\tRom\n'
    assert values(tmp_path, content, form=Format("\t"), header=True) == [(1.0, "Os\tlo"), (2.0, "Rom")]


def test_every_letter_of_latin_1(tmp_path: Path) -> None:
    letters = bytes([*range(0x21, 0x7F), *range(0xA1, 0x100)])
    assert values(tmp_path, b"1::" + letters, form=COLONS) == [(1.0, letters.decode("latin-1"))]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"1::a\n2:b\n", "line 2 has 1 column, expected 2. The columns are age, city."),
        (b"1::a\n2::b::c\n", "line 2 has 3 columns, expected 2"),
        (b"1::a\n\n:2::b\n", "line 3, column age: ':2' is not a number"),
        (b'1::"a\nx::b"\n', "line 2, column age: 'x' is not a number"),
        (b"1::\xe9\r\r\nx::\xe8\r\n", "ends of lines are mixed"),
        (b"1::\xe9\r\rx::\xe8\r", "line 3, column age: 'x' is not a number"),
        (b"1::a\n2::b\0\n", "line 2, column city: 'b\\x00' holds a NUL byte"),
        (b"1::a\n2::\x80\n", "it is not latin-1 text"),
    ],
)
def test_a_broken_line_of_another_format_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    assert problem in refused(tmp_path, content, form=COLONS)


def test_a_header_of_another_format_is_named(tmp_path: Path) -> None:
    problem = "line 1 names no column 'city' (did you mean 'citt'?)"
    assert problem in refused(tmp_path, b"age::citt\n1::a\n", form=COLONS, header=True)
    with pytest.raises(DataError, match=r"line 1 names no column 'age'"):
        values(tmp_path, b"age::city\n1::a\n", form=CSV, header=True)


# files


@pytest.mark.parametrize("name", ["people", "people.csv", "people.gz"])
@pytest.mark.parametrize("header", [False, True])
def test_gzip_is_known_by_its_content(tmp_path: Path, name: str, header: bool) -> None:
    content = b"age,city\n" * header + b"1,Oslo\n2,Rom\n"
    for written in (content, gzip.compress(content)):
        (tmp_path / name).write_bytes(written)
        assert [row[1:] for row in read(tmp_path / name, header=header)] == PLAIN


@pytest.mark.parametrize(
    "name", ["it's.csv", "a*.csv", "[ab].csv", "a?.csv", "ä 数.csv", 'a"b.csv', "%41.csv", "a;b.csv"]
)
def test_a_path_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "a1.csv").write_bytes(b"9,other\n")
    (tmp_path / "a").write_bytes(b"9,other\n")
    (tmp_path / name).write_bytes(b"1,Oslo\n2,Rom\n")
    assert [row[1:] for row in read(tmp_path / name)] == PLAIN


@pytest.mark.parametrize("header", [False, True])
def test_a_file_that_is_not_there_is_missing(tmp_path: Path, header: bool) -> None:
    with pytest.raises(MissingError, match=r"none\.csv is not there"):
        read(tmp_path / "none.csv", header=header)
    with pytest.raises(MissingError, match="is a folder"):
        read(tmp_path, header=header)


@pytest.mark.parametrize("header", [False, True])
def test_a_gzip_file_that_was_cut_off_is_damaged(tmp_path: Path, header: bool) -> None:
    path = tmp_path / "people.csv.gz"
    path.write_bytes(gzip.compress(b"age,city\n" * header + b"1,Oslo\n" * 1000)[:-20])
    with pytest.raises(DamagedError, match=r"people\.csv\.gz"):
        read(path, header=header)


def test_two_files_are_read_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1,Oslo\n")
    (tmp_path / "b.csv").write_bytes(b"2,Rom\n")
    with duckdb.connect() as connection:
        queries = [read_delimited(connection, tmp_path / name, COLUMNS).query for name in ("a.csv", "b.csv")]
        assert sorted(connection.execute(" UNION ALL ".join(queries)).fetchall()) == [(1, 1.0, "Oslo"), (1, 2.0, "Rom")]


def test_a_condition_of_ones_own_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"1,Oslo\n\n,Rom\n3,\n4,Bern\n")
    with duckdb.connect() as connection:
        lines = read_delimited(connection, path, COLUMNS)
        lines.require(connection, "city", "city IS NULL OR city IN ('Oslo', 'Rom', 'Bern')", "is no city")
        with pytest.raises(DataError, match=r"people.csv: line 5, column city: 'Bern' is no city\."):
            lines.require(connection, "city", "city IS NULL OR city IN ('Oslo', 'Rom')", "is no city")
        with pytest.raises(DataError, match=r"people.csv: line 4, column city: '' is no city\."):
            lines.require(connection, "city", "city IN ('Oslo', 'Rom', 'Bern')", "is no city")
