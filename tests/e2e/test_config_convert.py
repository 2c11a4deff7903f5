"""Configs of other systems, through the commands."""

import json
import shutil
from copy import deepcopy
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from foreign_documents import LT4REC, MLORA_README, MMLREC, MOVIELENS, PADDLEREC, TAOBAO

from recmtl.recipe import read_recipe

SAMPLES = Path(__file__).parent.parent.parent / "sample_data"


def written(folder, name, document):
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document))
    return name


@pytest.mark.parametrize(
    ("name", "document"),
    [("autoint.json", MLORA_README), ("config_10.json", TAOBAO), ("config_gender.json", MOVIELENS),
     ("config_movielens.json", MMLREC), ("drank_tf.yaml", LT4REC),
     ("config.yaml", PADDLEREC.format(sizes="  bottom_size: 117"))],
)  # fmt: skip
def test_convert_prints_a_config_and_says_what_it_left_out(cli, tmp_path, name, document):
    ran = cli("config", "convert", written(tmp_path, name, document), cwd=tmp_path)
    assert ran.code == 0
    assert set(ran.json) <= {"dataset", "split", "model", "train"} and "dataset" in ran.json
    assert all(line.count(": left out") <= 1 for line in ran.err.splitlines()) and "left out" in ran.err
    written(tmp_path, "ours.json", ran.out)
    again = cli("config", "convert", "ours.json", cwd=tmp_path)
    assert (again.json, again.err) == (ran.json, "")
    assert cli("config", "convert", name, "--quiet", cwd=tmp_path).err == ""


def test_list_says_what_each_preset_is_for(cli, tmp_path):
    written(tmp_path, "adult.json", {"about": "mine"})  # a file of the user's own is no preset
    ran = cli("config", "list", cwd=tmp_path)
    assert ran.code == 0 and "mine" not in ran.out
    assert any(line.startswith("taobao_10.json") and "themes" in line for line in ran.out.splitlines())
    rows = cli("config", "list", "--json", cwd=tmp_path).json["presets"]
    assert [row["preset"] for row in rows] == cli("config", "presets", cwd=tmp_path).out.split()
    assert all(row["about"] for row in rows)


def with_taobao(recmtl, folder):
    assert recmtl("download", "taobao", "--from", str(SAMPLES / "taobao"), cwd=folder).code == 0


def of_mamdr(model):
    document = deepcopy(MLORA_README)
    document["model"] |= model
    del document["model"]["lora_r"], document["model"]["lora_reduce"]
    document["train"] |= {"epoch": 1}
    return document


def test_a_split_of_taobao_is_made_as_the_foreign_config_says(recmtl, tmp_path):
    with_taobao(recmtl, tmp_path)
    config = written(tmp_path, "config_2.json", {**TAOBAO, "theme_num": 2, "train_val_test": [0.5, 0.25, 0.25]})
    dry = recmtl("split-domains", "--config", config, "--dry-run", cwd=tmp_path)
    assert dry.code == 0 and not (tmp_path / "data/config_2").exists()
    ran = recmtl("split-domains", "--config", config, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert ran.err.count("split_policy says nothing here: left out") == 1
    assert len(json.loads((tmp_path / "data/config_2/schema.json").read_text())["domains"]) == 2
    made = json.loads((tmp_path / "data/config_2/manifest.json").read_text())["config"]
    assert made["split"]["shares"] == [0.5, 0.25, 0.25] and made["dataset"]["negatives_per_click"] == [2.0, 5.0]


def test_the_past_of_taobao_trains_where_the_foreign_folder_is_of_times(recmtl, tmp_path):
    with_taobao(recmtl, tmp_path)
    document = {**TAOBAO, "theme_num": 2, "split_save_path": "split_by_theme_2_time"}
    config = written(tmp_path, "config_2_time.json", document)
    ran = recmtl("split-domains", "--config", config, cwd=tmp_path)
    assert ran.code == 0, ran.err
    rows = {
        part: pq.ParquetDataset(tmp_path / f"data/config_2_time/{part}").read(["domain", "key:time"]).to_pandas()
        for part in ("train", "valid", "test")
    }
    bounds = {
        part: frame.groupby("domain", observed=True)["key:time"].agg(["min", "max"]) for part, frame in rows.items()
    }
    assert (bounds["train"]["max"] < bounds["valid"]["min"]).all()
    assert (bounds["valid"]["max"] < bounds["test"]["min"]).all()


def test_a_run_of_mamdr_trains(recmtl, tmp_path):
    with_taobao(recmtl, tmp_path)
    model = {"name": "mmoe", "num_experts": 2, "hidden_dim": [16], "tower_hidden_dim": [8]}
    config = written(tmp_path, "mmoe.json", of_mamdr(model))
    assert recmtl("split-domains", "--config", config, cwd=tmp_path).code == 0
    ran = recmtl("train-mtl", "--config", config, "--set", "train.batch_size=256", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert (tmp_path / "runs/mmoe/model/best.pt").is_file()
    schema = json.loads((tmp_path / "data/mmoe/schema.json").read_text())
    vectors = {feature["name"]: feature["dim"] for feature in schema["features"] if feature["kind"] == "vector"}
    assert vectors == {"user_vector": 128, "item_vector": 128}
    assert ran.err.count("train.shuffle_buff_size had no effect in MAMDR") == 1


def test_every_stage_says_the_same_of_a_foreign_config_once(recmtl, tmp_path):
    with_taobao(recmtl, tmp_path)
    model = {
        "name": "shared_bottom",
        "hidden_dim": [8],
        "tower_hidden_dim": [],
        "user_dim": 2,
        "item_dim": 2,
        "domain_dim": 2,
    }
    config = written(tmp_path, "bottom.json", of_mamdr(model))
    notes = read_recipe(str(tmp_path / config)).notes
    assert len(notes) > 5
    small = ("--set", "prune.iterations=1", "--set", "train.batch_size=256")
    words = (("split-domains",), ("prune-single", "--task", "click", *small), ("train-mtl", *small[2:]), ("evaluate",))
    for command in words:
        ran = recmtl(*command, "--config", config, cwd=tmp_path)
        assert ran.code == 0, ran.err
        said = [note for line in ran.err.splitlines() for note in notes if line.endswith(note)]
        assert sorted(said) == sorted(notes), command
    without = recmtl("evaluate", cwd=tmp_path).err
    assert without and not any(note in without for note in notes)


def test_a_model_that_is_not_here_splits_and_is_refused_where_it_is_read(recmtl, tmp_path):
    with_taobao(recmtl, tmp_path)
    config = written(tmp_path, "other.json", of_mamdr({"name": "no_such"}))
    assert recmtl("split-domains", "--config", config, cwd=tmp_path).code == 0
    ran = recmtl("train-mtl", "--config", config, cwd=tmp_path)
    assert ran.code == 2 and "model.interaction is 'no_such', which is no interaction" in ran.err


@pytest.mark.realdata
@pytest.mark.parametrize(("field", "domains"), [("Gender", 2), ("Occupation", 21)])
def test_movielens_is_split_by_the_field(recmtl, real_data, tmp_path, field, domains):
    config = written(tmp_path, "config.json", {**MOVIELENS, "domain_field": field})
    source = str(real_data("movielens-1m") / "ml-1m.zip")
    assert recmtl("download", "movielens_1m", "--from", source, cwd=tmp_path).code == 0
    ran = recmtl("split-domains", "--config", config, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert len(json.loads((tmp_path / "data/config/schema.json").read_text())["domains"]) == domains


@pytest.mark.realdata
def test_lt4recs_config_splits_its_published_sample(recmtl, real_data, tmp_path):
    config = written(tmp_path, "drank_tf.yaml", LT4REC)
    raw = tmp_path / "raw"
    raw.mkdir()
    shutil.copy(real_data("lt4rec") / "part-r-00002.gz", raw)
    assert recmtl("download", "lt4rec", "--from", str(raw), cwd=tmp_path).code == 0
    ran = recmtl("split-domains", "--config", config, cwd=tmp_path)
    assert ran.code == 0, ran.err
    schema = json.loads((tmp_path / "data/drank_tf/schema.json").read_text())
    assert [task["name"] for task in schema["tasks"]] == ["click", "completion"]


def test_what_is_wrong_in_a_foreign_config_is_said_by_its_key(cli, tmp_path):
    config = written(tmp_path, "config_10.json", {**TAOBAO, "theme_num": "ten"})
    for command in (("config", "convert", config), ("split-domains", "--config", config)):
        ran = cli(*command, cwd=tmp_path)
        assert ran.code == 2 and not ran.out
        assert "config_10.json: theme_num must be a whole number, not 'ten'" in ran.err
