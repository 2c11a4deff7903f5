"""What a person sees on a terminal, and what a file gets instead."""

import re
from collections import Counter

import pytest
from rich.cells import cell_len

from recmtl import sample_data

STYLE = re.compile(r"\x1b\[([0-9;]*)m")
NUMBER = re.compile(r"(?<!\S)-?[\d,]*\d(?:\.\d{4})?(?!\S)")


@pytest.fixture(scope="module")
def plain(sample_workspace, recmtl):
    """The scorecard off a terminal."""
    ran = recmtl("evaluate", "--workspace", str(sample_workspace), cwd=sample_workspace)
    assert ran.code == 0, ran.err
    return ran.out


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_scorecard_fits_the_terminal_and_loses_no_number(columns, plain, sample_workspace, on_terminal):
    ran = on_terminal("evaluate", "--quiet", cwd=sample_workspace, columns=columns)
    assert ran.code == 0
    seen = STYLE.sub("", ran.out)
    lines = seen.splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert Counter(NUMBER.findall(seen)) == Counter(NUMBER.findall(plain))
    assert "…" not in seen and "..." not in seen
    tables = sum(line.startswith(("domain", "score ")) for line in lines)
    assert tables == {60: 5, 80: 3, 120: 3}[columns]  # two of the three tables are too wide for sixty
    assert seen.count("similar_taste") == tables


@pytest.mark.parametrize("no_color", ["", "1"])
def test_no_color_is_respected(no_color, workspace, on_terminal):
    ran = on_terminal("evaluate", "--part", "valid", cwd=workspace, env={"NO_COLOR": no_color})
    assert ran.code == 0
    codes = {code for style in STYLE.findall(ran.out) for code in style.split(";")}
    assert bool(codes & {str(code) for code in (*range(30, 50), *range(90, 108))}) is (no_color == "")


def test_force_color_does_not_reach_files_and_pipes(workspace, recmtl):
    ran = recmtl("evaluate", "--part", "valid", cwd=workspace, env={"FORCE_COLOR": "1", "COLUMNS": "40"})
    assert ran.code == 0
    assert "\x1b" not in ran.out + ran.err
    heading = next(line for line in ran.out.splitlines() if line.startswith("domain"))
    assert len(heading) > 70


def test_training_and_scoring_show_rates_and_the_time_left(workspace, on_terminal):
    ran = on_terminal("train-mtl", "--set", "train.epochs=2", "--set", "train.batch_size=32", cwd=workspace)
    assert ran.code == 0
    seen = STYLE.sub("", ran.out)
    assert re.search(r"epoch 1 .*[\d,]+ rows/s +(-:--:--|\d:\d\d:\d\d)", seen)
    assert re.search(r"epoch 2: validation click", seen)
    ran = on_terminal("evaluate", "--part", "all", cwd=workspace)
    seen = STYLE.sub("", ran.out)
    for part in ("train", "valid", "test"):
        assert re.search(rf"scoring {part} .*rows/s", seen), part


def test_splitting_shows_its_phases_with_rows(workspace, on_terminal, recmtl):
    phases = (r"reading sample", r"dealing 7,000 rows", r"fitting .* to [\d,]+ training rows", r"writing 7,000 rows")
    given = ("split-domains", "--config", "sample.json", "--set")
    seen = STYLE.sub("", on_terminal(*given, "split.seed=5", cwd=workspace).out)
    assert all(re.search(f"^{phase}", seen, re.M) for phase in phases), seen
    assert re.search(r"writing .*rows/s", seen)
    lines = recmtl(*given, "split.seed=6", cwd=workspace).err.splitlines()
    for phase in phases:
        assert any(re.match(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ {phase}", line) for line in lines), phase


def test_a_download_counts_bytes(tmp_path, on_terminal):
    logs = str(sample_data.folder() / "taobao")
    seen = STYLE.sub("", on_terminal("download", "taobao", "--from", logs, cwd=tmp_path, columns=100).out)
    assert re.search(r"theme_click_log.csv .*(bytes|[kM]B)/s", seen), seen
    assert "rows/s" not in seen


def test_a_dumb_terminal_gets_lines(tmp_path, on_terminal):
    ran = on_terminal("split-domains", "--sample", cwd=tmp_path, env={"TERM": "dumb"})
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert re.search(r"^\d{4}-.*Z dealing 7,000 rows", ran.out, re.M)
