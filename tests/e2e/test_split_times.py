"""split-domains by time: the flags --since and --until, policies that need times, and what is said about them."""

import json

import pandas as pd
import pytest

from recmtl.artifacts.tables import read_table

CONFIG = {
    "dataset": {
        "name": "table", "train": "log.csv", "tasks": [{"name": "click", "kind": "binary"}],
        "categorical": ["item"], "keys": {"user": "person", "time": "day"},
    },
    "split": {"name": "time"},
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path):
    """100 rows, one a day from 2026-01-01 on, the newest first."""
    days = pd.date_range("2026-01-01", periods=100).strftime("%Y-%m-%d")[::-1]
    log = pd.DataFrame({"item": ["a", "b"] * 50, "person": ["p", "q", "q", "p"] * 25, "click": [0, 1, 1] * 33 + [0]})
    log.assign(day=days).to_csv(tmp_path / "log.csv", index=False)
    (tmp_path / "log.json").write_text(json.dumps(CONFIG))
    return tmp_path


def days_of(workspace, part):
    tables = [read_table(path) for path in sorted((workspace / f"data/log/{part}").glob("*/part-*.parquet"))]
    return sorted(day for table in tables for day in table["key:time"].to_pylist())


def test_the_newest_days_test_within_the_span_that_was_asked(workspace, cli):
    words = ["--config", "log.json", "--since", "2026-01-11", "--until", "2026-03-02"]
    ran = cli("split-domains", *words, cwd=workspace)
    assert ran.code == 0, ran.err
    assert "50 rows are left out by split.since and split.until" in ran.err
    found = [days_of(workspace, part) for part in ("train", "valid", "test")]
    assert [len(days) for days in found] == [30, 10, 10]
    assert (found[0][0], found[0][-1]) == ("2026-01-11", "2026-02-09")
    assert (found[2][0], found[2][-1]) == ("2026-02-20", "2026-03-01")
    assert json.loads((workspace / "data/log/profile.json").read_text())["left_out"] == {"time": 50}


def test_the_window_ends_with_the_data(workspace, cli):
    words = ["--config", "log.json", "--set", 'split={"name": "window", "train_days": 7, "test_days": 2}']
    ran = cli("split-domains", *words, cwd=workspace)
    assert ran.code == 0, ran.err
    assert "90 rows are left out by the days of the window" in ran.err
    assert days_of(workspace, "test") == ["2026-04-09", "2026-04-10"]
    assert days_of(workspace, "valid") == ["2026-04-08"]


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (["--since", "tomorrow"], 2, "split.since"),
        (["--since", "17"], 2, "split.since is the number 17, but the times of the data set are dates"),
        (["--since", "2027-01-01"], 3, "The times run from 2026-01-01 to 2026-04-10"),
        (["--set", 'dataset.keys={"user": "person"}'], 2, "needs the key 'time'"),
    ],
)
def test_a_span_that_cannot_be_leaves_nothing_behind(workspace, cli, words, code, problem):
    ran = cli("split-domains", "--config", "log.json", *words, cwd=workspace)
    assert ran.code == code
    assert problem in " ".join(ran.err.split())
    assert not (workspace / "data/log").exists()
