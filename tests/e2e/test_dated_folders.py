"""A log with a folder a day, from a first config over nightly splits to scores."""

import json
import random
from pathlib import Path

import pandas as pd
import pytest

from recmtl.artifacts.tables import read_table

DAYS = pd.date_range("2026-11-11", periods=12).strftime("%Y-%m-%d").tolist()
WINDOW = 'split={"name": "window", "train_days": 5, "valid_days": 1, "test_days": 1}'


def rows_of(day: str) -> pd.DataFrame:
    """Each user clicks in one half of the items."""
    chance = random.Random(day)
    lines = []
    for _ in range(120):
        user, item = chance.randrange(20), chance.randrange(16)
        click = int(chance.random() < (0.8 if (user + item) % 2 == 0 else 0.1))
        lines.append({"user_id": f"u{user}", "item_id": item, "price": chance.randrange(9) / 4, "click": click})
    return pd.DataFrame(lines)


def add_day(log: Path, day: str) -> None:
    for tab, rows in enumerate((rows_of(day)[:60], rows_of(day)[60:])):
        folder = log / f"date={day}/tab=t{tab}"
        folder.mkdir(parents=True)
        rows.to_parquet(folder / "part-0.parquet", index=False)
    (log / f"date={day}/_SUCCESS").touch()


@pytest.fixture
def workspace(tmp_path):
    """Ten days."""
    for day in DAYS[:10]:
        add_day(tmp_path / "log", day)
    return tmp_path


def days_of(workspace: Path, part: str) -> set[str]:
    paths = sorted((workspace / f"data/my/{part}").glob("*/part-*.parquet"))
    return {day for path in paths for day in read_table(path)["key:time"].to_pylist()}


def inputs_of(workspace: Path) -> set[str]:
    """The days that the split read."""
    inputs = json.loads((workspace / "data/my/manifest.json").read_text())["inputs"]
    return {Path(path).parent.parent.name.removeprefix("date=") for path in inputs}


def test_from_a_first_config_over_two_nights_to_scores(workspace, recmtl):
    ran = recmtl("config", "init", "--from", "log", "--out", "my.json", cwd=workspace)
    assert ran.code == 0, ran.err
    section = json.loads((workspace / "my.json").read_text())["dataset"]
    assert section["keys"] == {"user": "user_id", "item": "item_id", "time": "date"}
    assert section["domain"] == {"column": "tab"} and "date" not in section["categorical"]

    split = ["split-domains", "--config", "my.json", "--set", WINDOW]
    night = recmtl(*split, "--until", DAYS[9], cwd=workspace)
    assert night.code == 0, night.err
    assert "14 of 20 folders lie within split.until 2026-11-20 and the days of the window" in night.err
    assert inputs_of(workspace) == set(DAYS[2:9])
    assert (days_of(workspace, "train"), days_of(workspace, "test")) == (set(DAYS[2:7]), {DAYS[8]})

    add_day(workspace / "log", DAYS[10])
    again = recmtl(*split, "--until", DAYS[9], cwd=workspace)
    assert again.code == 0 and "done already" in again.out + again.err
    later = recmtl(*split, "--until", DAYS[10], cwd=workspace)
    assert later.code == 0 and "done already" not in later.out + later.err
    assert (days_of(workspace, "train"), days_of(workspace, "test")) == (set(DAYS[3:8]), {DAYS[9]})
    assert "done already" in recmtl(*split, "--until", DAYS[10], cwd=workspace).out

    trained = recmtl("train-mtl", "--set", "train.epochs=2", cwd=workspace)
    assert trained.code == 0, trained.err
    for source, days in (("log", 11), (f"log/date={DAYS[10]}", 1)):
        scored = recmtl("predict", "--input", source, "--output", "scores.csv", cwd=workspace)
        assert scored.code == 0, scored.err
        scores = pd.read_csv(workspace / "scores.csv")
        expected = pd.concat([rows_of(day) for day in DAYS[11 - days : 11]], ignore_index=True)
        pd.testing.assert_frame_equal(scores[list(expected)], expected)
        assert scores["tab"].tolist() == (["t0"] * 60 + ["t1"] * 60) * days
        assert scores["score_click"].between(0, 1).all()
    scored = recmtl("predict", "--input", f"log/date={DAYS[10]}/tab=t0", "--output", "scores.csv", cwd=workspace)
    assert scored.code == 3 and "there is no column 'tab'" in scored.err


def test_the_newest_day_moves_a_window_without_an_end(workspace, cli):
    config = {
        "dataset": {
            "name": "table", "train": "log", "tasks": [{"name": "click", "kind": "binary"}],
            "categorical": ["item_id"], "keys": {"time": "date"}, "domain": {"column": "tab"},
        },
    }  # fmt: skip
    (workspace / "my.json").write_text(json.dumps(config))
    split = ["split-domains", "--config", "my.json", "--set", WINDOW]
    assert cli(*split, cwd=workspace).code == 0
    assert inputs_of(workspace) == set(DAYS[3:10])
    add_day(workspace / "log", "2025-01-01")  # a late delivery of long ago
    (workspace / f"log/date={DAYS[11]}").mkdir()  # a day that is announced
    assert "done already" in cli(*split, cwd=workspace).out
    changed = workspace / f"log/date={DAYS[5]}/tab=t0/part-1.parquet"
    rows_of("more").to_parquet(changed, index=False)
    ran = cli(*split, "--dry-run", cwd=workspace)
    assert "would run" in ran.out + ran.err and "part-1.parquet changed" in ran.out + ran.err
    changed.unlink()
    add_day(workspace / "log", DAYS[10])
    ran = cli(*split, cwd=workspace)
    assert "done already" not in ran.out and inputs_of(workspace) == set(DAYS[4:11])


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--since", "2027-01-01"], 3, "log: no folder lies within split.since 2027-01-01"),
        (["--since", "17"], 2, "split.since is the number 17, but the times of the data set are dates"),
    ],
)
def test_a_span_that_cannot_be(workspace, cli, words, code, says):
    assert cli("config", "init", "--from", "log", "--out", "my.json", cwd=workspace).code == 0
    ran = cli("split-domains", "--config", "my.json", *words, cwd=workspace)
    assert ran.code == code and says in " ".join(ran.err.split()) and "Traceback" not in ran.err
    assert not (workspace / "data/my").exists()


def test_a_folder_that_says_nothing_is_named(workspace, cli):
    (workspace / "log/old").mkdir()
    ran = cli("config", "init", "--from", "log", cwd=workspace)
    assert ran.code == 3 and "log/old is a folder whose name is neither column=value nor a date" in ran.err
