"""recmtl config init: from a log that nobody has described to a trained model, and what it refuses."""

import json
import random

import pandas as pd
import pytest


def log(rows=4000):
    """Each user clicks in one half of the items; the shelf of a scene matters to nobody."""
    chance = random.Random(5)
    lines = []
    for row in range(rows):
        user, item = chance.randrange(80), chance.randrange(60)
        click = int(chance.random() < (0.8 if (user + item) % 2 == 0 else 0.1))
        buy = int(bool(click) and chance.random() < 0.5)
        lines.append(
            {"request": f"r{row}", "user_id": f"u{user}", "user_side": user % 2, "item_id": item, "item_side": item % 2,
             "tab": chance.choice(["home", "search"]), "click": click, "buy": buy,
             "clicked_at": "12:00" if click else None}
        )  # fmt: skip
    return pd.DataFrame(lines)


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
def test_from_a_log_to_a_model_that_has_learnt_what_was_planted(tmp_path, recmtl, name):
    frame = log()
    frame.to_csv(tmp_path / "log.csv", index=False)
    frame.to_parquet(tmp_path / "log.parquet")
    ran = recmtl("config", "init", "--from", name, "--out", "my.json", cwd=tmp_path)
    assert ran.code == 0 and not ran.out
    assert "suspected leak: alone it tells 'click' (AUC 1.000)" in ran.err and "buy is above 0 only where" in ran.err
    config = json.loads((tmp_path / "my.json").read_text())
    assert config["dataset"] == {
        "name": "table", "train": name,
        "tasks": [{"name": "click", "kind": "binary"}, {"name": "buy", "kind": "binary"}],
        "categorical": ["user_id", "item_id"], "numbers": ["user_side", "item_side"], "domain": {"column": "tab"},
        "keys": {"user": "user_id", "item": "item_id"},
    }  # fmt: skip
    assert config["split"]["name"] == "group" and config["model"]["name"] == "mmoe"
    split = recmtl("split-domains", "--config", "my.json", cwd=tmp_path)
    assert split.code == 0, split.err
    trained = recmtl("train-mtl", "--set", "train.epochs=6", cwd=tmp_path)
    assert trained.code == 0, trained.err
    assert recmtl("evaluate", cwd=tmp_path).code == 0
    cells = json.loads((tmp_path / "runs/my/scorecard/scorecard.json").read_text())["cells"]
    [auc] = [cell["auc"] for cell in cells if cell["task"] == "click" and cell["domain"] == "all"]
    assert auc > 0.8  # the best that can be is 0.85, chance is 0.5


class TestOutput:
    @pytest.fixture
    def folder(self, tmp_path):
        log(300).to_csv(tmp_path / "log.csv", index=False)
        return tmp_path

    def test_the_config_alone_goes_to_standard_output(self, folder, cli):
        ran = cli("config", "init", "--from", "log.csv", cwd=folder)
        assert ran.code == 0 and ran.json["dataset"]["train"] == "log.csv"
        assert ran.err.splitlines()[0] == "guessed from all 300 rows; correct what is wrong"
        quiet = cli("config", "init", "--from", "log.csv", "--out", "-", "--quiet", cwd=folder)
        assert quiet.json == ran.json and quiet.err == ""

    def test_one_json_document(self, folder, cli):
        ran = cli("config", "init", "--from", "log.csv", "--json", cwd=folder)
        assert ran.json["command"] == "config init" and ran.json["target"] is None and ran.json["rows"] == 300
        assert ran.json["columns"][0]["role"] == "left out" and ran.json["config"]["dataset"]["name"] == "table"

    def test_a_file_that_is_there_is_replaced_only_by_force(self, folder, cli):
        (folder / "my.json").write_text("mine")
        ran = cli("config", "init", "--from", "log.csv", "--out", "my.json", cwd=folder)
        assert ran.code == 2 and "--out my.json is there already" in ran.err
        assert (folder / "my.json").read_text() == "mine"
        assert cli("config", "init", "--from", "log.csv", "--out", "my.json", "--force", cwd=folder).code == 0
        assert json.loads((folder / "my.json").read_text())["dataset"]["train"] == "log.csv"

    def test_a_form_that_no_name_says(self, folder, cli):
        (folder / "log.csv").rename(folder / "part-0")
        ran = cli("config", "init", "--from", "part-0", cwd=folder)
        assert ran.code == 2 and "--input-format" in ran.err
        ran = cli("config", "init", "--from", "part-0", "--input-format", "csv", cwd=folder)
        assert ran.json["dataset"]["format"] == "csv"

    def test_a_label_and_a_domain_that_are_named(self, folder, cli):
        words = ("--label", "buy", "--domain", "user_side")
        ran = cli("config", "init", "--from", "log.csv", *words, cwd=folder)
        assert [task["name"] for task in ran.json["dataset"]["tasks"]] == ["buy"]
        assert ran.json["dataset"]["domain"] == {"column": "user_side"}
        assert "click" not in ran.json["dataset"]["numbers"]

    @pytest.mark.parametrize(("words", "code", "says"), [
        (("--from", "log.csv", "--label", "clik"), 2, "there is no such column (did you mean 'click'?)"),
        (("--from", "gone.csv"), 5, "gone.csv is not there"),
        (("--from", "-"), 2, "standard input"),
    ])  # fmt: skip
    def test_what_cannot_be(self, folder, cli, words, code, says):
        ran = cli("config", "init", *words, cwd=folder)
        assert ran.code == code and says in ran.err and "Traceback" not in ran.err


def test_every_section_is_a_config(tmp_path, cli):
    """As the stages after the split read it."""
    from recmtl.models import sharing  # noqa: F401 - registers the models
    from recmtl.pipelines.config_schema import SECTIONS
    from recmtl.recipe import Recipe

    for rows, columns in ((300, ["user_id", "click"]), (21_000, ["user_side", "click", "buy"])):
        log(rows)[columns].to_parquet(tmp_path / "log.parquet")
        document = cli("config", "init", "--from", "log.parquet", cwd=tmp_path).json
        Recipe("my.json", "my", document).check({key: SECTIONS[key] for key in document})
