"""Progress off a terminal: dated lines, now and then, with what a person wants to know at night."""

import re
import time

import pytest

from recmtl.cli.terminal import Terminal

DATED = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ "


def run(terminal, what, total, steps, rows, pause=0.02):
    terminal.begin(what, total)
    for _ in range(steps):
        terminal.advance(rows)
        time.sleep(pause)
    terminal.close()


def test_a_long_pass_says_how_far_it_is(capsys):
    run(Terminal(line_seconds=0.05), "epoch 3", 2_000, 10, 100)
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) <= 9
    pattern = DATED + r"epoch 3: ([\d,]+) rows \((\d+)%\), ([\d,]+) rows/s, 0:00:0\d left"
    found = [re.fullmatch(pattern, line) for line in lines]
    assert all(found), lines
    done = [int(match[1].replace(",", "")) for match in found]
    assert done == sorted(done) and all(int(match[2]) == count // 20 for match, count in zip(found, done, strict=True))
    assert all(0 < int(match[3].replace(",", "")) <= 5_100 for match in found)


def test_a_short_pass_says_nothing(capsys):
    run(Terminal(), "epoch 1", 1_000, 5, 100)
    assert capsys.readouterr().err == ""


def test_what_an_earlier_run_had_done_is_not_this_one_s_speed(capsys):
    terminal = Terminal(line_seconds=0.05)
    terminal.begin("epoch 2", 1_000_000)
    terminal.advance(900_000)
    for _ in range(10):
        time.sleep(0.02)
        terminal.advance(100)
    last = capsys.readouterr().err.splitlines()[-1]
    assert 0 < int(re.search(r"([\d,]+) rows/s", last)[1].replace(",", "")) <= 5_100
    assert "(90%)" in last


def test_bytes_are_told_in_their_units(capsys):
    run(Terminal(unit="bytes", line_seconds=0.05), "adult.data", 4_000_000, 6, 500_000)
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(DATED + r"adult\.data: [\d.]+ MB \(\d+%\), [\d.]+ MB/s, 0:00:00 left", line), line


def test_an_unknown_size_has_no_share_and_no_time_left(capsys):
    run(Terminal(line_seconds=0.05), "reading", 0, 6, 500)
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(DATED + r"reading: [\d,]+ rows, [\d,]+ rows/s", line), line


def test_quiet_says_nothing_but_the_log_has_it(capsys, tmp_path):
    run(Terminal(quiet=True, log_file=tmp_path / "night.log", line_seconds=0.05), "epoch 1", 1_000, 6, 100)
    assert capsys.readouterr().err == ""
    assert "epoch 1: " in (tmp_path / "night.log").read_text()


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\nb", "a\rb"])
def test_a_name_from_data_stays_on_its_line(text, capsys):
    terminal = Terminal(line_seconds=0.0)
    terminal.say(text)
    terminal.begin(text, 10)
    terminal.advance(5)
    said, passed = capsys.readouterr().err.splitlines()
    assert said.isprintable() and passed.isprintable()
