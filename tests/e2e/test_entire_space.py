"""The model esmm by the command line: a conversion is a click and more, over all rows."""

import csv
import json

import numpy as np
import pytest

TASKS = [{"name": "click", "kind": "binary"}, {"name": "buy", "kind": "binary"}]
CONFIG = {
    "dataset": {"name": "table", "train": "rows.csv", "tasks": TASKS, "categorical": ["place", "item"]},
    "split": {"name": "random", "min_count": 1},
    "model": {"name": "esmm", "tower": [8]},
    "train": {"epochs": 2, "batch_size": 64},
}


@pytest.fixture
def folder(tmp_path):
    chance = np.random.default_rng(0)
    place, item = chance.integers(4, size=600), chance.integers(5, size=600)
    click = chance.random(600) < 0.2 + 0.15 * place
    buy = click & (chance.random(600) < 0.1 + 0.15 * item)
    lines = [f"p{p},i{i},{c:d},{b:d}" for p, i, c, b in zip(place, item, click, buy, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["place,item,click,buy", *lines]) + "\n")
    (tmp_path / "esmm.json").write_text(json.dumps(CONFIG))
    return tmp_path


def test_predicted_conversions_are_never_more_probable_than_clicks(folder, cli):
    for words in (("split-domains", "--config", "esmm.json"), ("train-mtl",), ("evaluate",)):
        ran = cli(*words, cwd=folder)
        assert ran.code == 0, ran.err
    assert cli("predict", "--input", "rows.csv", "--output", "scores.csv", cwd=folder).code == 0
    with (folder / "scores.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 600
    assert all(0 < float(row["score_buy"]) < float(row["score_click"]) < 1 for row in rows)


def test_there_is_no_ticket_to_find(folder, cli):
    assert cli("split-domains", "--config", "esmm.json", cwd=folder).code == 0
    ran = cli("prune-single", "--task", "buy", cwd=folder)
    assert ran.code == 2
    assert "tasks share no layers in the model 'esmm'" in ran.err and "without tickets" in ran.err
    assert not (folder / "runs/esmm/tickets/buy").exists()


@pytest.mark.parametrize("words", [("train-mtl",), ("train-mtl", "--dry-run"), ("prune-single", "--task", "buy")])
def test_a_conversion_that_is_observed_only_where_clicked_is_refused_before_anything_is_done(folder, cli, words):
    tasks = [TASKS[0], {**TASKS[1], "observed_if": {"column": "click", "value": 1}}]
    (folder / "esmm.json").write_text(json.dumps({**CONFIG, "dataset": {**CONFIG["dataset"], "tasks": tasks}}))
    assert cli("split-domains", "--config", "esmm.json", cwd=folder).code == 0
    ran = cli(*words, cwd=folder)
    assert ran.code == 2
    assert "the task 'buy' is observed only where click = 1" in ran.err and "0 in all other rows" in ran.err
    assert not (folder / "runs").exists()
