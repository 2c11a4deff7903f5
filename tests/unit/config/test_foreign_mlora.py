"""Configs of MLoRA, and of the splits that MAMDR shares with it: what they become, and what is said of keys that did
nothing or something else there.
"""

import json
from copy import deepcopy

import pytest
from foreign_documents import AMAZON, MLORA_README, MOVIELENS, TAOBAO, lines, translated

from recmtl.data.datasets.movielens import MovielensConfig
from recmtl.data.datasets.taobao import TaobaoConfig
from recmtl.data.policies import SplitConfig, TimeSplit
from recmtl.errors import ConfigError
from recmtl.models.encoder import EncoderConfig
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.recipe import read_recipe
from recmtl.testing.planted import planted_schema
from recmtl.training.config import TrainConfig


def run_of(name, model=None, train=None, dataset=None):
    document = deepcopy(MLORA_README)
    document["model"] |= {"name": name, **(model or {})}
    document["train"] |= train or {}
    document["dataset"] |= dataset or {}
    return document


class TestData:
    def test_a_split_of_taobao_draws_one_over_the_ratio(self):
        recipe = translated(TAOBAO)
        dataset = recipe.section("dataset", TaobaoConfig)
        assert (dataset.themes, dataset.negatives_per_click, dataset.seed) == (10, (2.0, 5.0), 123)
        split = recipe.section("split", SplitConfig).document()
        assert (split["name"], split["shares"], split["seed"], split["compat"]) == (
            "random",
            [0.6, 0.2, 0.2],
            123,
            True,
        )
        assert lines(recipe, "ctr_ratio") == [
            "ctr_ratio had no effect in MLoRA and MAMDR (random_range is true: ctr_ratio_range is used): left out"
        ]
        assert lines(recipe, "raw_data_path") == [
            "raw_data_path is a path of its own there; the workspace's is used: left out"
        ]

    def test_a_fixed_ratio_is_a_range_of_one_number(self):
        recipe = translated({**TAOBAO, "random_range": False, "ctr_ratio": 0.25})
        assert recipe.document["dataset"]["negatives_per_click"] == [4.0, 4.0]
        assert lines(recipe, "ctr_ratio_range had no effect")

    def test_a_folder_of_times_asks_for_a_split_by_time(self):
        recipe = translated({**TAOBAO, "split_save_path": "split_by_theme_10_time"})
        split = recipe.section("split", SplitConfig)
        assert isinstance(split, TimeSplit)
        assert (split.shares, split.within, split.needs()) == ((0.6, 0.2, 0.2), "domain", ("time",))
        assert "time" in recipe.section("dataset", TaobaoConfig).layout().keys
        assert len(lines(recipe, "split_save_path: split_time.py deals")) == 1

    def test_only_taobao_has_a_script_that_splits_by_time(self):
        split = translated({**AMAZON, "split_save_path": "split_by_category_time"}).document["split"]
        assert (split["name"], split["compat"]) == ("random", True)

    def test_minus_one_themes_are_all_of_them(self):
        assert translated({**TAOBAO, "theme_num": -1}).section("dataset", TaobaoConfig).themes is None

    def test_shares_that_sum_to_less_than_one_leave_the_rest_to_test(self):
        recipe = translated(AMAZON)
        assert recipe.document["split"]["shares"] == [0.6, 0.2, 0.2]
        assert recipe.document["dataset"]["categories"] == ["All Beauty", "Gift Cards"]
        assert lines(recipe, "train_val_test") == [
            "train_val_test sums to 0.9, which MLoRA and MAMDR refuse: test takes the rest, 0.2"
        ]

    @pytest.mark.parametrize(
        ("field", "domain"), [("Gender", "gender"), ("Age", "seven_ages"), ("Occupation", "occupation")]
    )
    def test_a_field_of_movielens_is_the_domain(self, field, domain):
        recipe = translated({**MOVIELENS, "domain_field": field})
        assert recipe.section("dataset", MovielensConfig).domain == domain
        assert recipe.section("split", SplitConfig).document()["stratify"] is True
        assert any("seven groups of ages" in note for note in recipe.notes) == (field == "Age")

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"theme_num": "ten"}, "theme_num must be a whole number, not 'ten'"),
            ({"train_val_test": 0.6}, "train_val_test must be a list, each item a number, not 0.6"),
            ({"ctr_ratio_range": [0, 0.5]}, "ctr_ratio_range must be of numbers from 0.001"),
            ({"ctr_ratio_range": [0.5]}, "ctr_ratio_range must be of numbers from 0.001 to 1000, two"),
            ({"train_val_test": [0.6, 0.4]}, r"train_val_test must be three shares that sum to 1, not \[0.6, 0.4\]"),
            ({"train_val_test": [0.9, 0.2, 0.1]}, "train_val_test must be three shares that sum to 1"),
            ({"train_val_test": [0, 0.5, 0.5]}, "train_val_test must be three shares that sum to 1"),
            ({"theme_num": 0}, "theme_num must be at least 1, or -1 for all of them, not 0"),
            ({"domain_field": "Zip"}, "domain_field must be Gender, Age or Occupation, not 'Zip'"),
            ({"seed": True}, "seed must be a whole number, not True"),
        ],
    )
    def test_a_wrong_value_is_refused_by_its_key(self, change, named):
        with pytest.raises(ConfigError, match=f"^theirs.json: {named}"):
            translated({**TAOBAO, **change})

    def test_a_key_that_nobody_knows_is_named_with_the_nearest(self):
        recipe = translated({**TAOBAO, "theme_nums": 3, "zzzz": {"a": 1}})
        assert [note for note in recipe.notes if "is not known" in note] == [
            "theme_nums is not known in MLoRA and MAMDR (did you mean 'theme_num'?): left out",
            "zzzz is not known in MLoRA and MAMDR: left out",
        ]


class TestRunOfMlora:
    def test_the_example_of_the_readme_asks_for_autoint_on_ten_themes(self, tmp_path):
        path = tmp_path / "autoint.json"
        path.write_text(json.dumps(MLORA_README))
        recipe = read_recipe(str(path))
        assert recipe.name == "autoint"
        assert recipe.document["dataset"]["themes"] == 10
        train = recipe.section("train", TrainConfig)
        assert (train.epochs, train.patience, train.batch_size, train.seed) == (99999, 3, 1024, 123)
        assert (train.optimizer.name, train.table_optimizer.name) == ("adam", "lazy_adam")
        model = recipe.section("model", SharingConfig)
        assert model.interaction.document() == {"name": "autoint", "num_layers": 3, "num_heads": 2, "head_dim": 8}

    def test_every_dead_key_has_a_line_of_its_own(self):
        recipe = translated(MLORA_README)
        dead = {note.split()[0] for note in recipe.notes if "had no effect in MLoRA" in note}
        meta = {key for key in MLORA_README["train"] if "meta" in key} | {
            "merged_method", "sample_num", "add_query_domain", "finetune_every_epoch", "shuffle_sequence",
            "target_domain", "domain_regulation_step", "average_meta_grad", "val_every_step", "shuffle_buff_size",
        }  # fmt: skip
        model = {"norm", "dense", "lora_r", "lora_reduce", "auxiliary_net", "auxiliary_dim"}
        assert dead == {f"train.{key}" for key in meta} | {f"model.{key}" for key in model}
        assert (
            "train.shuffle_buff_size had no effect in MLoRA (dataset.shuffle_buffer_size is used): left out"
            in recipe.notes
        )

    def test_no_key_of_the_example_is_dropped_without_a_word(self):
        recipe = translated(MLORA_README)
        named = {note.split()[0].rstrip(":") for note in recipe.notes}
        used = {
            "model.user_dim", "model.item_dim", "model.domain_dim", "model.hidden_dim", "model.dropout",
            "train.epoch", "train.learning_rate", "train.loss", "train.optimizer", "train.patience", "dataset.name",
            "dataset.domain_split_path", "dataset.batch_size", "dataset.seed", "model.name", "train.emb_trainable",
        }  # fmt: skip
        keys = {f"{section}.{key}" for section, inner in MLORA_README.items() for key in inner}
        assert keys - used - named == set()

    def test_an_mlp_is_one_network_for_all(self):
        model = translated(run_of("mlp_single")).section("model", SharingConfig)
        assert model.document() == {
            **SharingConfig.kinds["shared_bottom"](bottom=(256, 128, 64), tower=(), dropout=0.5).document(),
            "encoder": {**model.encoder.document(), "embedding_dim": 128},
        }

    @pytest.mark.parametrize(
        ("name", "interaction", "lora", "built"),
        [
            ("xdeepfm_single", "xdeepfm", False, "DeepFM"),
            ("xdeepfm_lora", "xdeepfm", True, "DeepFM"),
            ("pnn_mlora", "pnn", True, "a plain MLP"),
            ("mlp_lora", None, True, "a plain MLP"),
            ("nfm_lora", "nfm", True, None),
            ("wdl_single", "wide_deep", False, None),
        ],
    )
    def test_a_name_means_what_it_says(self, name, interaction, lora, built):
        recipe = translated(run_of(name))
        model = recipe.document["model"]
        assert model.get("interaction", {}).get("name") == interaction
        assert model.get("adapter") == ({"name": "lora", "reduce": 16} if lora else None)
        said = lines(recipe, f"model.name: {name!r} built")
        assert said == ([f"model.name: {name!r} built {built} in MLoRA: here it is what it says"] if built else [])

    @pytest.mark.parametrize(
        ("base", "expected"),
        [
            ("wdl", {"name": "wide_deep"}),
            ("nfm", {"name": "nfm", "field_scales": False}),
            ("autoint", {"name": "autoint", "num_layers": 3, "num_heads": 2, "head_dim": 8}),
            ("pnn", {"name": "pnn", "products": "inner"}),
            ("deepfm", {"name": "deepfm", "field_scales": False}),
            ("dcn", {"name": "dcn", "num_layers": 2}),
            ("xdeepfm", {"name": "xdeepfm", "maps": [128, 128]}),
            ("fibinet", {"name": "fibinet", "bilinear": "field_interaction", "reduction": 3}),
        ],
    )
    def test_every_base_model_can_be_built_in_the_librarys_widths(self, base, expected):
        recipe = translated(run_of(f"{base}_single"))
        model = recipe.section("model", SharingConfig)
        assert model.interaction.document() == expected
        Model(model.model_copy(update={"encoder": EncoderConfig(embedding_dim=4)}), planted_schema(), seed=0)
        linear = lines(recipe, f"model.name: {base!r} also adds a weight of each id")
        assert len(linear) == (base in ("dcn", "autoint"))
        assert len(lines(recipe, "model.name: a layer of 'xdeepfm' pools half")) == (base == "xdeepfm")

    def test_the_copy_of_autoint_with_adapters_has_other_heads(self):
        found = translated(run_of("autoint_lora")).document["model"]["interaction"]
        assert found == {"name": "autoint", "num_layers": 3, "num_heads": 4, "head_dim": 8}

    @pytest.mark.parametrize(
        ("name", "change", "named"),
        [
            ("nope_single", {}, r"model\.interaction is 'nope'"),
            ("mlora", {"dense": "mlora"}, r"model\.adapter is not a known key.*, so 'lora' cannot be chosen"),
            ("star", {"dense": "star"}, r"model\.adapter .*'star' cannot be chosen"),
        ],
    )
    def test_what_is_not_here_is_refused_by_its_name(self, name, change, named):
        recipe = translated(run_of(name, change))
        if "adapter" in SharingConfig.model_fields and name != "nope_single":
            pytest.skip("adapters are known")
        with pytest.raises(ConfigError, match=named):
            recipe.section("model", SharingConfig)

    def test_a_frozen_phase_that_could_not_run_is_told(self):
        recipe = translated(run_of("mlora", {"dense": "mlora_freeze", "pretrain_judge": "True"}))
        assert recipe.document["model"]["adapter"] == {"name": "lora", "reduce": 16, "phases": 2}
        assert "stopped with an error in MLoRA" in lines(recipe, "model.dense")[0]

    def test_widths_that_differ_are_told(self):
        recipe = translated(run_of("mlp_single", {"item_dim": 64}))
        assert lines(recipe, "model.item_dim") == [
            "model.item_dim is 64: all tables have the width of model.user_dim here, 128"
        ]

    def test_a_split_that_nobody_shipped_needs_one_of_the_users_own(self):
        recipe = translated(run_of("mlp_single", dataset={"domain_split_path": "my_split"}))
        assert "dataset" not in recipe.document and "split" not in recipe.document
        assert "train on a split with --data" in lines(recipe, "dataset.domain_split_path")[0]

    def test_without_a_model_name_it_is_refused(self):
        document = run_of("x")
        del document["model"]["name"]
        with pytest.raises(ConfigError, match=r"model\.name is missing"):
            translated(document)

    @pytest.mark.parametrize(
        ("data_set", "folder", "loaded", "said"),
        [
            ("Amazon", "split_by_category_6", True, "asks for vectors that Amazon has not"),
            ("Amazon", "split_by_category_13", False, None),
            ("Taobao", "split_by_theme_10", False, None),
        ],
    )
    def test_vectors_that_are_not_loaded_are_told(self, data_set, folder, loaded, said):
        dataset = {"name": data_set, "domain_split_path": folder}
        recipe = translated(run_of("mlp_single", train={"load_pretrain_emb": loaded}, dataset=dataset))
        assert recipe.document["dataset"]["name"] == data_set.lower() and "pretrained" not in recipe.document["dataset"]
        found = lines(recipe, "train.load_pretrain_emb")
        assert len(found) == bool(said) and all(said in note for note in found)
        assert len(lines(recipe, "train.emb_trainable")) == 1

    @pytest.mark.parametrize("moved", [True, False])
    def test_published_vectors_are_features_that_stay_as_they_are_or_are_trained(self, moved):
        recipe = translated(run_of("mlp_single", train={"load_pretrain_emb": True, "emb_trainable": moved}))
        dataset = recipe.section("dataset", TaobaoConfig)
        assert [vector.name for vector in dataset.layout().vectors] == ["user_vector", "item_vector"]
        assert len(lines(recipe, "train.load_pretrain_emb: the published vectors stand in place")) == 1
        assert recipe.section("model", SharingConfig).encoder.train_vectors is moved
        assert not lines(recipe, "train.emb_trainable")

    def test_a_split_by_time_is_known_by_its_folder(self):
        recipe = translated(run_of("mlp_single", dataset={"domain_split_path": "split_by_theme_10_time"}))
        assert recipe.section("dataset", TaobaoConfig).themes == 10
        assert recipe.section("split", SplitConfig).name == "time"
        assert len(lines(recipe, "dataset.domain_split_path: split_time.py")) == 1

    def test_no_other_data_set_is_split_by_time(self):
        dataset = {"name": "Amazon", "domain_split_path": "split_by_category_6_time"}
        assert "dataset" not in translated(run_of("mlp_single", dataset=dataset)).document

    def test_another_optimizer_and_loss_go_where_ours_are(self):
        train = {"optimizer": "adagrad", "loss": "mse", "learning_rate": 1}
        found = translated(run_of("mlp_single", train=train)).document["train"]
        assert found["optimizer"] == found["table_optimizer"] == {"name": "adagrad", "learning_rate": 1.0}
        assert found["losses"] == {"click": "mse"}
