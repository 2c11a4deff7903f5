"""JSON lines with known keys are read strictly: a line that is no object is refused with file and line."""

import gzip
from pathlib import Path

import duckdb
import pytest

from recmtl.data.json_lines import read_json_lines
from recmtl.errors import DamagedError, DataError, MissingError


def read(path: Path, threads: int = 2) -> list[tuple[object, ...]]:
    with duckdb.connect(config={"threads": threads}) as connection:
        lines = read_json_lines(connection, path, ["name", "age"])
        return connection.execute(f"SELECT place, name, age FROM ({lines.query}) ORDER BY place").fetchall()


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "people [1].json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_wanted_keys_are_texts_and_others_are_passed_over(tmp_path: Path) -> None:
    lines = (
        '{"name": " Ada ", "age": 36, "x": [1]}\n\n{"age": null}\n'
        '  {"name": {"first":  "Zo\\u00eb"}, "age": ""}\n{"name": true, "age": 1.50}'
    )
    expected = [
        (1, "Ada", "36"), (2, None, None), (3, '{"first":"Zoë"}', None), (4, "true", "1.5"),
    ]  # fmt: skip
    path = written(tmp_path, "\ufeff" + lines)
    assert read(path) == expected
    path.write_bytes(gzip.compress(lines.encode()))
    assert read(path) == expected


def test_rows_keep_the_file_s_order_on_any_number_of_threads(tmp_path: Path) -> None:
    path = written(tmp_path, "".join(f'{{"name": "{i}"}}\n' for i in range(20_000)))
    for threads in (1, 4):
        assert [row[:2] for row in read(path, threads)] == [(i + 1, str(i)) for i in range(20_000)]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert read(written(tmp_path, "\n\n")) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"name": "Bo"', "line 4 is no JSON object: expecting ',' delimiter at column 14"),
        (b"{'name': 'Bo'}", "line 4 is no JSON object: expecting property name"),
        (b"[1]", "line 4 is no JSON object."),
        (b"5", "line 4 is no JSON object."),
        (b'{"name": "Bo"}{"name": "Cy"}', "line 4 is no JSON object: extra data at column 15"),
        (b'{"name": "Bo", "name": "Cy"}', "line 4 has 'name' twice"),
        (b'{"name": "\xff"}', "line 4 is not UTF-8 text"),
        (b'{"name": "B\\u0000o"}', "line 4, column name: 'B\\x00o' holds a NUL byte"),
        (b'{"name": ' + b"[" * 100_000, "line 4 "),
    ],
)
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: bytes, problem: str) -> None:
    path = written(tmp_path, b'{"name": "Ada"}\n\n\n' + line + b'\n{"name": "Dan"}\n')
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.message.startswith(f"{path}: {problem}")
    assert "\n" not in str(caught.value) and len(caught.value.message) < len(str(path)) + 300


def test_a_file_that_is_not_there_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"none\.json is not there"):
        read(tmp_path / "none.json")
    path = written(tmp_path, gzip.compress(b'{"name": "Ada"}\n' * 1000)[:-9])
    with pytest.raises(DamagedError):
        read(path)
