"""Runs of MAMDR: what they become, and what is said of keys that its schedules did not read."""

from copy import deepcopy

import pytest
from foreign_documents import MLORA_README, lines, translated

from recmtl.errors import ConfigError
from recmtl.models.sharing import SharingConfig
from recmtl.training.config import TrainConfig

MTL = {
    "tower_hidden_dim": [64], "num_experts": 2, "gate_dnn_hidden_units": [64], "hidden_dim": [512, 256],
    "specific_expert_num": 3, "shared_expert_num": 2, "num_levels": 1,
}  # fmt: skip


def of_mamdr(name, model=None, train=None):
    document = deepcopy(MLORA_README)
    document["model"] |= {"name": name, **(model or {})}
    document["train"] |= train or {}
    del document["model"]["lora_r"], document["model"]["lora_reduce"]
    return document


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shared_bottom", {"bottom": (512, 256), "tower": (64,)}),
        ("mmoe", {"expert": (512, 256), "num_experts": 2, "tower": (64,)}),
        ("ple", {"expert": (512, 256), "num_levels": 1, "num_specific_experts": 3, "num_shared_experts": 2}),
    ],
)
def test_sharing_models_can_be_built(name, expected):
    recipe = translated(of_mamdr(name, MTL))
    model = recipe.section("model", SharingConfig)
    assert model.name == name
    assert {key: getattr(model, key) for key in expected} == expected
    recipe.section("train", TrainConfig)
    assert any("a tower for each domain there" in note for note in recipe.notes)
    assert lines(recipe, "model.gate_dnn_hidden_units has no counterpart")


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("mlp_meta_domain_negotiation_finetune", "domain_negotiation"),
        ("mlp_meta_mamdr_finetune", "mamdr"),
        ("mlp_meta_reptile_finetune", "reptile"),
        ("mlp_meta_mldg", "mldg"),
        ("mlp_meta_finetune", "maml"),
    ],
)
def test_a_schedule_is_named_with_what_it_reads(name, schedule):
    recipe = translated(of_mamdr(name))
    found = recipe.document["train"]["schedule"]
    assert (found["name"], found["meta_learning_rate"]) == (schedule, 0.1)
    assert ("sample_num" in found) == (schedule == "mamdr")
    assert found.get("finetune") == ("finetune" in name or None)
    assert ("meta_split" in found) == (schedule in ("mldg", "maml"))
    assert recipe.document["model"].get("interaction") is None


@pytest.mark.parametrize("base", ["wdl", "nfm", "autoint", "pnn", "deepfm"])
def test_base_models_can_be_built(base):
    model = translated(of_mamdr(base)).section("model", SharingConfig)
    assert model.name == "shared_bottom"
    assert model.interaction.name == ("wide_deep" if base == "wdl" else base)


def test_a_base_model_that_is_not_here_is_refused_by_its_name():
    with pytest.raises(ConfigError, match=r"model\.interaction is 'ccpm', which is no interaction"):
        translated(of_mamdr("ccpm")).section("model", SharingConfig)


def test_a_schedule_that_is_not_here_is_refused_by_its_name():
    if "schedule" in TrainConfig.model_fields:
        pytest.skip("schedules are known")
    with pytest.raises(ConfigError, match=r"train\.schedule is not a known key.*'mamdr' cannot be chosen"):
        translated(of_mamdr("mlp_meta_mamdr")).section("train", TrainConfig)


def test_keys_that_the_schedule_does_not_read_are_dead():
    recipe = translated(of_mamdr("mlp_meta_domain_negotiation"))
    assert lines(recipe, "train.sample_num") == [
        "train.sample_num had no effect in MAMDR (the model is 'mlp_meta_domain_negotiation'): left out"
    ]
    assert lines(recipe, "train.domain_meta_learning_rate") == [
        "train.domain_meta_learning_rate had no effect in MAMDR (meta_learning_rate moves both): left out"
    ]


@pytest.mark.parametrize(
    ("name", "rate"),
    [("mlp_pcgrad", 0.0002), ("mlp_meta_mldg", 0.0002), ("mlp_meta_finetune", 0.001), ("mlp", 0.001)],
)
def test_the_rate_that_moved_the_weights_there_moves_them_here(name, rate):
    recipe = translated(of_mamdr(name, train={"meta_learning_rate": 0.0002}))
    train = recipe.document["train"]
    assert {train[kind]["learning_rate"] for kind in ("optimizer", "table_optimizer")} == {rate}
    assert len(lines(recipe, "train.learning_rate had no effect in MAMDR")) == (rate == 0.0002)


def test_gradients_and_weights_are_balanced():
    recipe = translated(of_mamdr("mlp_pcgrad"))
    assert recipe.document["train"]["balance"] == {"name": "pcgrad", "sample_num": 5}
    assert any("projected gradients that agree" in note for note in recipe.notes)
    assert translated(of_mamdr("mlp_uncertainty_weight")).document["train"]["balance"] == "uncertainty"
