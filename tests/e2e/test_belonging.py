"""What does not belong together is refused: names, splits, models, tickets, configs, checkpoints."""

import json
import shutil

import pytest
import torch

from recmtl.artifacts import tensors

SHORT = ("--set", "train.epochs=1")


@pytest.mark.parametrize("name", [".", "..", "./raw", "../x", "raw", "latest", "a/b", "a\\b", "", ".hidden", "x" * 101])
class TestNames:
    def test_of_a_split(self, name, workspace, cli):
        before = sorted(str(path) for path in workspace.rglob("*"))
        ran = cli("split-domains", "--config", "sample.json", "--data", name, cwd=workspace)
        assert ran.code == 2
        assert "a split may not be called" in ran.err
        assert sorted(str(path) for path in workspace.rglob("*")) == before

    def test_of_a_run(self, name, workspace, cli):
        ran = cli("train-mtl", "--run", name, *SHORT, cwd=workspace)
        assert ran.code == 2
        assert "a run may not be called" in ran.err

    def test_in_a_config(self, name, workspace, cli):
        (workspace / "mine.json").write_text(json.dumps({"dataset": "sample", "split": "random", "data": name}))
        assert cli("split-domains", "--config", "mine.json", cwd=workspace).code == 2


def test_a_mark_that_leads_elsewhere_is_refused(workspace, cli):
    (workspace / "data/latest").write_text("../runs\n")
    ran = cli("prune-single", "--task", "0", cwd=workspace)
    assert ran.code == 5 and "data/latest names the split '../runs', which is not there" in ran.err


class TestAnotherSplit:
    @pytest.fixture
    def resplit(self, workspace, cli):
        """The split was made anew: rows that were for training are test rows now."""
        given = ("--config", "sample.json", "--set", "split.seed=4")
        assert cli("split-domains", *given, cwd=workspace).code == 0
        return workspace

    def test_does_not_score_the_model_of_the_old_one(self, resplit, cli):
        ran = cli("evaluate", cwd=resplit)
        assert ran.code == 6
        assert "was trained on another split" in ran.err and "train-mtl" in ran.err

    def test_does_not_take_the_tickets_of_the_old_one(self, resplit, cli):
        ran = cli("train-mtl", *SHORT, cwd=resplit)
        assert ran.code == 6
        assert "was found on another split" in ran.err and "prune-single" in ran.err
        assert cli("train-mtl", "--tickets", "none", *SHORT, cwd=resplit).code == 0
        assert cli("evaluate", cwd=resplit).code == 0

    def test_does_not_score_a_checkpoint_of_the_old_one_by_its_path(self, resplit, cli):
        shutil.copyfile(resplit / "runs/sample/model/best.pt", resplit / "old.pt")
        assert cli("train-mtl", "--tickets", "none", *SHORT, cwd=resplit).code == 0
        assert cli("evaluate", "--checkpoint", "old.pt", cwd=resplit).code == 6


class TestConfigAndSplit:
    def test_a_config_for_another_data_set_is_refused(self, workspace, cli):
        ran = cli("train-mtl", "--config", "adult.json", cwd=workspace)
        assert ran.code == 2
        assert "is for the data set 'adult', but the split 'sample' holds 'sample'" in ran.err

    def test_a_config_that_would_split_another_way_is_remarked(self, workspace, cli):
        document = json.loads((workspace / "sample.json").read_text())
        document["split"]["seed"] = 9
        (workspace / "sample.json").write_text(json.dumps(document))
        ran = cli("train-mtl", "--config", "sample.json", cwd=workspace)
        assert "the split was made with other settings than the config has in 'split'" in ran.err

    def test_what_was_chosen_is_said(self, workspace, cli):
        assert "split 'sample', the one made last, run 'sample'" in cli("train-mtl", cwd=workspace).err
        assert "split 'sample', run 'sample', the one made last" in cli("evaluate", cwd=workspace).err


@pytest.mark.parametrize(
    ("words", "section"),
    [
        (("train-mtl", "--set", "split.seed=3"), "split"),
        (("train-mtl", "--set", "data=other"), "data"),
        (("evaluate", "--set", "model.dropout=0"), "model"),
        (("prune-single", "--task", "0", "--set", "evaluate.part=all"), "evaluate"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(words, section, workspace, cli):
    ran = cli(*words, cwd=workspace)
    assert ran.code == 2
    assert f"does not use '{section}'" in ran.err


def test_the_sample_never_becomes_what_was_made_last(workspace, cli):
    (workspace / "mine.json").write_text(
        json.dumps({"dataset": "sample", "split": "random", "model": "mmoe", "train": {"epochs": 1}})
    )
    assert cli("split-domains", "--config", "mine.json", cwd=workspace).code == 0
    assert cli("train-mtl", "--sample", "--tickets", "none", *SHORT, cwd=workspace).code == 0
    assert cli("train-mtl", "--json", cwd=workspace).json["target"] == "runs/mine/model"


class TestInitialWeights:
    def test_changed_ones_are_refused(self, workspace, cli):
        path = workspace / "runs/sample/init/weights.pt"
        weights = tensors.load(path)
        tensors.save(path, {name: torch.randn_like(value) for name, value in weights.items()})
        ran = cli("train-mtl", *SHORT, cwd=workspace)
        assert ran.code == 6
        assert "weights.pt is damaged" in ran.err and "Remove runs/sample" in ran.err

    def test_lost_ones_are_refused(self, workspace, cli):
        (workspace / "runs/sample/init/weights.pt").unlink()
        assert cli("train-mtl", *SHORT, cwd=workspace).code == 6


@pytest.mark.parametrize("damage", ["no weights", "weights of text", "unknown weight", "short mask", "mask of nobody"])
def test_a_strange_checkpoint_is_refused(damage, workspace, cli):
    content = tensors.load(workspace / "runs/sample/model/best.pt")
    if damage == "no weights":
        content["weights"] = 3
    elif damage == "weights of text":
        content["weights"] = dict.fromkeys(content["weights"], "x")
    elif damage == "unknown weight":
        content["weights"]["sharing.nothing"] = torch.ones(2)
    elif damage == "short mask":
        content["masks"]["click"] = {name: mask[:1] for name, mask in content["masks"]["click"].items()}
    else:
        content["masks"]["nobody"] = content["masks"]["click"]
    tensors.save(workspace / "strange.pt", content)
    ran = cli("evaluate", "--checkpoint", "strange.pt", cwd=workspace)
    assert ran.code == 6
    assert "strange.pt" in ran.err
