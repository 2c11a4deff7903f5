"""Configs of MMLRec, LT4REC and PaddleRec, and which documents are taken for whose."""

import json
from copy import deepcopy

import pytest
from foreign_documents import AMAZON, LT4REC, MLORA_README, MMLREC, MOVIELENS, PADDLEREC, TAOBAO

import recmtl.data.datasets
import recmtl.models  # noqa: F401  (registers its members, as the line above does)
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.policies import SplitConfig
from recmtl.errors import ConfigError
from recmtl.foreign import SHAPES, translate
from recmtl.foreign.mmlrec_shapes import SHAPES as MMLREC_MODELS
from recmtl.foreign.yaml_text import read_yaml
from recmtl.models.sharing import SharingConfig
from recmtl.recipe import presets, read_preset, read_recipe
from recmtl.training.config import TrainConfig

PLE = "  shared_num: 2\n  exp_per_task: 3\n  level_number: 1\n  expert_size: 16"
SIZES = {"ple": PLE, "mmoe": "  expert_num: 8\n  gate_num: 2\n  expert_size: 16", "shared_bottom": "  bottom_size: 117"}


@pytest.fixture
def read(tmp_path):
    """A recipe from text under a name."""

    def recipe(text, name):
        (tmp_path / name).write_text(text)
        return read_recipe(str(tmp_path / name))

    return recipe


def cell(data=None, model=None, optim=None):
    document = deepcopy(MMLREC)
    document["data_config"] |= data or {}
    document["model_config"] |= model or {}
    document["optim_config"] |= optim or {}
    return document


def check_runnable(recipe):
    recipe.check({"dataset": DatasetConfig, "split": SplitConfig, "model": SharingConfig, "train": TrainConfig})


DOCUMENTS = [
    (TAOBAO, 0), (AMAZON, 0), (MOVIELENS, 0), (MLORA_README, 1), (MMLREC, 2), (read_yaml(LT4REC, "x"), 3),
    (read_yaml(PADDLEREC.format(sizes=PLE), "x"), 4),
]  # fmt: skip


class TestShapes:
    @pytest.mark.parametrize(("document", "place"), DOCUMENTS)
    def test_a_document_has_one_shape(self, document, place):
        assert [recognise(document) for recognise, _ in SHAPES] == [at == place for at in range(len(SHAPES))]

    @pytest.mark.parametrize("preset", presets())
    def test_ours_are_nobody_elses(self, preset):
        assert translate(read_preset(preset).document, preset) is None

    @pytest.mark.parametrize(
        "document",
        [{}, {"model": "mmoe", "train": {}, "dataset": {"dataset_path": 1}}, {"categories": []}, {"runner": {}},
         {"data_config": 1, "model_config": {}}, {"feature_configs": []}],
    )  # fmt: skip
    def test_half_a_shape_is_none(self, document):
        assert translate(document, "x") is None


class TestMmlrec:
    @pytest.mark.parametrize(
        ("model", "expected"),
        [
            ("ple", {"num_levels": 2, "num_specific_experts": 3, "num_shared_experts": 2, "gate": (64,)}),
            ("mmoe", {"num_experts": 4, "expert": (256, 128), "gate": (64,), "tower": (64,)}),
            ("sharedbottom", {"bottom": (128,), "tower": (64,)}),
            ("mlp", {"name": "full_share", "bottom": (256, 128, 64)}),
            ("esmm", {"name": "esmm", "tower": (256, 128)}),
        ],
    )
    def test_a_cell_can_run(self, read, model, expected):
        recipe = read(json.dumps(cell(model={"model_name": model})), "config_movielens.json")
        check_runnable(recipe)
        found = recipe.section("model", SharingConfig)
        assert {key: getattr(found, key) for key in expected} == expected
        assert found.encoder.embedding_dim == 8
        train = recipe.section("train", TrainConfig)
        assert (train.epochs, train.patience, train.batch_size) == (40, 3, 4096)

    @pytest.mark.parametrize(
        ("file", "name"),
        [("census", "census"), ("ijcai", "ijcai15"), ("iaac", "ijcai18"), ("kuairec", "kuairec"), ("ae", "aliexpress"),
         ("AE", "aliexpress"), ("ijcai_15", "ijcai15"), ("movielens", "movielens_1m")],
    )  # fmt: skip
    def test_the_training_file_names_the_data_set_where_nothing_else_does(self, read, file, name):
        document = cell({"train_dataset_path": f"/MMLRec/data/{file}_train.csv"})
        del document["data_config"]["data_name"]
        recipe = read(json.dumps(document), "x.json")
        assert recipe.section("dataset", DatasetConfig).name == name
        check_runnable(recipe)

    @pytest.mark.parametrize(
        ("name", "column", "domain"),
        [("movielens", "gender_tag", "gender"), ("iaac", "user_gender_id", "user_gender_id"),
         ("ae", "scene", "country"), ("kuairec", "user_active_degree", "user_active_degree")],
    )  # fmt: skip
    def test_the_masked_column_is_the_domain(self, read, name, column, domain):
        scenes = {
            "data_name": name,
            "mask_column": column,
            "scene_feature": column,
            "num_domains": 2,
            "mask_values": [0],
        }
        recipe = read(json.dumps(cell(scenes, {"task_name": "msl", "model_name": "mmoe"})), "x.json")
        check_runnable(recipe)
        assert recipe.section("dataset", DatasetConfig).domain == domain
        assert recipe.section("model", SharingConfig).per_domain
        assert any(note.startswith("model_config.task_name: 'msl' trained what a domain") for note in recipe.notes)

    @pytest.mark.parametrize(("kind", "per_domain"), [("mtl", False), ("msl", True), ("mtmsl", True)])
    def test_several_scenarios_have_a_head_each(self, read, kind, per_domain):
        recipe = read(json.dumps(cell(model={"task_name": kind})), "x.json")
        assert recipe.section("model", SharingConfig).per_domain == per_domain

    def test_dead_keys_are_named(self, read):
        recipe = read(json.dumps(cell(model={"loss_weights": [2, 1]})), "x.json")
        dead = {note.split()[0] for note in recipe.notes if "had no effect in MMLRec" in note}
        assert dead == {
            "data_config.sample", "model_config.loss_weights", "training_config.max_steps", "save_config.save",
            "training_config.val_batch_size", "save_config.save_path", "optim_config.weight_decay",
            "optim_config.decay_step", "optim_config.gamma", "model_config.num_experts",
            "model_config.dnn_hidden_units", "model_config.bottom_dnn_hidden_units",
        }  # fmt: skip
        assert not [note for note in recipe.notes if "is not known" in note]

    @pytest.mark.parametrize(
        ("model", "expected"),
        [
            ("cross_stitch", {"name": "cross_stitch", "bottom": [256, 128, 64], "tower": [64]}),
            ("snr_trans", {"name": "snr", "kind": "trans", "num_subnetworks": 4, "layers": [256, 128], "tower": [64]}),
            ("mssm", {"name": "mssm", "layers": [256, 128, 128], "tower": [64]}),
            ("aitm", {"name": "aitm", "tower": [256, 128, 64]}),
            ("escm", {"name": "escm2", "kind": "ips", "expert": [256, 128], "tower": []}),
            ("hmoe", {"name": "hmoe", "num_experts": 4, "expert": [256, 128], "tower": [64]}),
            ("star", {"name": "star", "bottom": [256, 128, 64], "tower": []}),
            ("apg", {"name": "apg", "bottom": [256, 128, 64], "tower": [], "inner_rank": 0, "generator": [],
                     "generated_bias": True}),
            ("pepnet", {"name": "pepnet", "tower": [256, 128, 64], "gate": 128}),
        ],
    )  # fmt: skip
    def test_a_model_reads_its_own_sizes(self, read, model, expected):
        recipe = read(json.dumps(cell(model={"model_name": model})), "x.json")
        found = {key: value for key, value in recipe.document["model"].items() if key not in ("dropout", "encoder")}
        assert found == expected
        check_runnable(recipe)

    def test_a_size_that_is_not_said_has_its_value_of_there(self, read):
        document = cell(model={"model_name": "ple"})
        for key in ("shared_expert_num", "specific_expert_num", "num_levels", "tower_dnn_hidden_units"):
            del document["model_config"][key]
        found = read(json.dumps(document), "x.json").section("model", SharingConfig)
        assert (found.num_shared_experts, found.num_specific_experts, found.num_levels) == (1, 3, 1)
        assert found.tower == (64,)

    @pytest.mark.parametrize("name", [*MMLREC_MODELS, "no_such"])
    def test_no_size_is_dropped_without_a_word(self, read, name):
        """It is somewhere in the model, or it is named; each has a value of its own here."""
        sizes = {
            "num_experts": 21, "shared_expert_num": 22, "specific_expert_num": 23, "num_levels": 24,
            "expert_dnn_hidden_units": [31], "tower_dnn_hidden_units": [32], "bottom_dnn_hidden_units": [33],
            "dnn_hidden_units": [34], "gate_dnn_hidden_units": [35],
        }  # fmt: skip
        recipe = read(json.dumps(cell(model={"model_name": name, **sizes})), "x.json")
        there = json.dumps(recipe.document["model"])
        used = {key for key, size in sizes.items() if str(size).strip("[]") in there}
        named = {note.split()[0].removeprefix("model_config.") for note in recipe.notes if note.endswith(": left out")}
        assert used | (named & set(sizes)) == set(sizes) and used & named == set()
        assert bool(used) == (name != "no_such")

    def test_that_the_first_task_of_esmm_was_chance_is_told(self, read):
        notes = read(json.dumps(cell(model={"model_name": "esmm"})), "x.json").notes
        assert [note for note in notes if "'esmm' took for the first was chance there" in note]

    def test_decay_of_weights_reaches_the_optimizers(self, read):
        recipe = read(json.dumps(cell(model={"l2_reg_dnn": 0.1, "l2_reg_embedding": 0.2})), "x.json")
        train = recipe.section("train", TrainConfig)
        assert (train.optimizer.document()["l2"], train.table_optimizer.document()["l2"]) == (0.1, 0.2)

    @pytest.mark.parametrize(
        ("kind", "labels", "loss", "expected"),
        [
            ("mtmsl", ["label2", "label2", "label3", "label3"], ["binary_crossentropy"] * 2 + ["focal_loss"] * 2,
             {"liked": "cross_entropy", "loved": "focal"}),
            ("mtl", ["label2", "label3"], ["focal_loss", "binary_crossentropy"],
             {"liked": "focal", "loved": "cross_entropy"}),
            ("msl", ["label3", "label3"], ["focal_loss"] * 2, {"loved": "focal"}),
            ("msl", ["label3", "label3"], ["binary_crossentropy"] * 2, {}),
        ],
    )  # fmt: skip
    def test_the_loss_of_a_labels_heads_is_its_tasks(self, read, kind, labels, loss, expected):
        document = cell({"label_columns": labels}, {"task_name": kind}, {"loss": loss})
        found = read(json.dumps(document), "x.json").section("train", TrainConfig).losses
        assert {task: one.name for task, one in found.items()} == expected

    def test_a_model_that_is_not_here_is_refused_by_its_name(self, read):
        recipe = read(json.dumps(cell(model={"model_name": "no_such"})), "x.json")
        with pytest.raises(ConfigError, match="model is 'no_such', which is no model"):
            recipe.section("model", SharingConfig)
        recipe.check({"dataset": DatasetConfig, "split": SplitConfig})

    def test_another_data_set_is_refused_by_its_name(self, read):
        with pytest.raises(ConfigError, match="data_name is 'mine', which is no data set of MMLRec"):
            read(json.dumps(cell({"data_name": "mine"})), "x.json")

    def test_a_key_that_nobody_knows_is_named_with_the_nearest(self, read):
        recipe = read(json.dumps(cell(optim={"early_stops": 3})), "x.json")
        assert "optim_config.early_stops is not known in MMLRec (did you mean 'early_stop'?): left out" in recipe.notes


class TestLt4rec:
    def test_it_can_run(self, read):
        recipe = read(LT4REC, "drank_tf.yaml")
        assert recipe.name == "drank_tf"
        check_runnable(recipe)
        losses = {task: loss.document() for task, loss in recipe.section("train", TrainConfig).losses.items()}
        assert losses["click"] == {"name": "focal", "alpha": 0.75, "gamma": 2.0}
        assert losses["completion"]["name"] == "weighted_mse"
        model = recipe.document["model"]
        assert (model["bottom"], model["interaction"], model["encoder"]) == (
            [512, 256, 128],
            "dot",
            {"embedding_dim": 16},
        )

    @pytest.mark.parametrize(("kind", "pooling", "told"), [("mean", "mean", 0), ("sum", "sum", 0), ("fc", "mean", 1)])
    def test_lists_are_pooled_as_there(self, read, kind, pooling, told):
        recipe = read(LT4REC.replace("pooling_type: mean", f"pooling_type: {kind}"), "drank_tf.yaml")
        assert recipe.section("model", SharingConfig).encoder.pooling == pooling
        assert len([note for note in recipe.notes if "pooling_type is 'fc'; the vectors" in note]) == told

    def test_what_did_nothing_is_named(self, read):
        notes = read(LT4REC, "drank_tf.yaml").notes
        nobody = "had no effect in LT4REC (there is no such feature): left out"
        assert f"map_num_oov_buckets.FEA_GROUP {nobody}" in notes and f"map_num_oov_buckets.FEA_UCITY {nobody}" in notes
        assert "map_top_k_to_select had no effect in LT4REC (it is read and not used): left out" in notes
        assert any("threw the values of FEA_SIKEYWORD, FEA_UGROUP together" in note for note in notes)
        assert "train_tfrecord_path names the same rows for all parts there" in "\n".join(notes)
        assert not [note for note in notes if "is not known" in note]

    def test_a_key_that_nobody_knows_is_named(self, read):
        recipe = read(f"{LT4REC}\nhidden_sizes: [1]\n", "drank_tf.yaml")
        assert "hidden_sizes is not known in LT4REC (did you mean 'hidden_size'?): left out" in recipe.notes


class TestPaddlerec:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("ple", {"num_levels": 1, "num_specific_experts": 3, "num_shared_experts": 2, "expert": (16,)}),
            ("mmoe", {"num_experts": 8, "expert": (16,)}),
            ("shared_bottom", {"bottom": (117,)}),
        ],
    )
    def test_it_can_run(self, read, name, expected):
        recipe = read(PADDLEREC.format(sizes=SIZES[name]), "config.yaml")
        check_runnable(recipe)
        model = recipe.section("model", SharingConfig)
        assert (model.name, model.tower) == (name, (8,))
        assert {key: getattr(model, key) for key in expected} == expected
        assert recipe.document["dataset"]["train"] == "data/train"
        train = recipe.section("train", TrainConfig)
        assert (train.epochs, train.batch_size) == (3, 2)
        assert any("two tasks shared an expert" in note for note in recipe.notes) == (name == "ple")
        assert not [note for note in recipe.notes if "is not known" in note]

    def test_an_absolute_path_is_one_of_the_workspace(self, read):
        text = PADDLEREC.format(sizes=SIZES["ple"]).replace('"data/train"', '"/home/me/census/my_train"')
        recipe = read(text, "config.yaml")
        assert recipe.document["dataset"]["train"] == "my_train"
        assert any("/home/me/census/my_train, my_train in the workspace" in note for note in recipe.notes)

    def test_another_model_is_refused(self, read):
        with pytest.raises(ConfigError, match="none of PaddleRec's models ple, mmoe and share_bottom"):
            read(PADDLEREC.format(sizes="  vocab_size: 4"), "config.yaml")


class TestYaml:
    def test_a_config_of_our_own_may_be_yaml(self, read):
        recipe = read("dataset: {name: sample}\nsplit: random\n", "mine.YML")
        assert (recipe.document, recipe.notes) == ({"dataset": {"name": "sample"}, "split": "random"}, ())

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("a: [1", r"line 1, column \d+: not YAML"),
            ("a: 1\nb: 2\na: 3", "line 3, column 1: .*the key 'a' stands twice"),
            ("a: &x [1]\nb: *x", "line 2, column 4: .*a reference"),
            ("a: 2020-01-01", "holds a date"),
            ("a: !!set {b}", "holds a date, a set"),
            ("a: !!python/object:os.system {}", "could not determine a constructor"),
            ("a: .nan", "NaN is not a number"),
            ("a: 99999999999999999999999999", "too large"),
            (f"a: {'9' * 5000}", "x.yaml: "),
            ("a: \x01", "holds a character"),
            ("[" * 3000, "x.yaml: "),
            ("a: " + "[" * 60 + "]" * 60, "nested too deeply"),
        ],
    )
    def test_what_no_json_says_is_refused(self, text, named):
        with pytest.raises(ConfigError, match=named):
            read_yaml(text, "x.yaml")

    @pytest.mark.parametrize(
        ("text", "value"),
        [("1e-4", 1e-4), ("2E+3", 2000.0), ("-1.5e3", -1500.0), ("'1e-4'", "1e-4"), ("1e-4x", "1e-4x"), ("0x1e3", 483)],
    )
    def test_a_power_of_ten_is_a_number_unless_it_is_quoted(self, text, value):
        found = read_yaml(f"a: {text}", "x.yaml")["a"]
        assert (found, type(found)) == (value, type(value))

    @pytest.mark.parametrize("key", ["NO", "on", "01", "1.50", "null", "2020-01-01"])
    def test_a_key_is_the_text_that_stands_there(self, key):
        assert read_yaml(f"{key}: 1\nb: {{{key}: 2}}", "x.yaml") == {key: 1, "b": {key: 2}}

    @pytest.mark.parametrize("text", ["", "- 1", "text"])
    def test_a_config_is_an_object(self, read, text):
        with pytest.raises(ConfigError, match="a config is a JSON object"):
            read(text, "x.yaml")
