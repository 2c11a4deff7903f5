"""Tables fit the terminal, whatever is in them, and lose nothing by it."""

import io
import re
import sys
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from recmtl.cli.report import print_table
from recmtl.cli.table import Column, print_columns


class Screen(io.StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


def shown(columns, width, screen=None):
    """The lines of a table, without their styles."""
    screen = screen or Screen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "xterm-256color")
        print_columns(columns)
    return re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()


names = st.text(st.sampled_from("abz_ /数"), min_size=1, max_size=40)
numbers = st.integers(0, 10**9).map(lambda n: f"{n:,}") | st.floats(0, 10).map(lambda x: f"{x:.4f}")


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 4))

    def column(heading, cells, is_text):
        return Column(heading, draw(st.lists(cells, min_size=rows, max_size=rows)), is_text)

    texts = [column(f"n{i}", names, True) for i in range(draw(st.integers(0, 2)))]
    return [*texts, *(column(f"m{i}", numbers, False) for i in range(draw(st.integers(1, 9))))]


@given(tables(), st.integers(20, 160))
@example([Column("n0", ["_" * 10], True), Column("m0", ["1,000,000"], False)], 20)
def test_no_line_is_wider_and_no_number_is_broken(columns, width):
    lines = shown(columns, width)
    widest = max(column.width for column in columns if not column.is_text)
    texts = sum(column.is_text for column in columns)
    assert max(map(cell_len, lines)) <= max(width, widest + texts * (8 + 2))
    seen = Counter(word for line in lines for word in line.split())
    for column in columns:
        if not column.is_text:
            assert all(seen[cell] >= column.cells.count(cell) for cell in column.cells), lines


@given(tables(), st.integers(20, 160))
def test_every_part_names_its_rows(columns, width):
    """The names may wrap, but all their characters are there once a part."""
    texts = "".join(cell for column in columns if column.is_text for cell in column.cells)
    lines = shown(columns, width)
    parts = sum("m" in line for line in lines)  # headings of numbers, and no other text, have one
    rest = Counter("".join(lines)) - Counter(
        "".join(c for column in columns if not column.is_text for c in column.cells)
    )
    for character in set("z_数"):
        assert rest[character] == parts * texts.count(character)


def test_what_fits_stays_in_one_piece():
    columns = [Column("domain", ["a", "b"], True), Column("auc", ["0.5000", "0.6000"], False)]
    assert [line.split() for line in shown(columns, 40)] == [["domain", "auc"], ["a", "0.5000"], ["b", "0.6000"]]


def test_what_does_not_fit_follows_below():
    columns = [Column("domain", ["first", "second"], True)]
    columns += [Column(f"metric{i}", [f"0.{i}111", f"0.{i}222"], False) for i in range(4)]
    assert shown(columns, 30) == [
        "domain  metric0  metric1",
        "first    0.0111   0.1111",
        "second   0.0222   0.1222",
        "",
        "domain  metric2  metric3",
        "first    0.2111   0.3111",
        "second   0.2222   0.3222",
    ]


def test_off_a_terminal_a_line_is_as_long_as_it_must_be(capsys):
    print_table([{"name": "x" * 300, "value": 1 / 3}], ["name", "value"])
    heading, line = capsys.readouterr().out.splitlines()
    assert line == "x" * 300 + "  0.3333"
    assert heading.split() == ["name", "value"]


def test_names_from_data_cannot_steer_the_terminal():
    hostile = Column("domain", ["a\x1b[2Jb\nc\r", "[red]d"], True)
    screen = Screen()
    lines = shown([hostile, Column("rows", ["1", "2"], False)], 80, screen)
    assert "\x1b[2J" not in screen.getvalue()
    assert len(lines) == 3
    assert r"a\x1b[2Jb\nc\r" in lines[1] and "[red]d" in lines[2]
