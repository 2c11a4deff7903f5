"""The five commands on real files: Adult, and LT4REC's own sample; the splits of Census-Income and MovieLens 1M."""

import json

import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

SHORT = ("--set", "train.epochs=3", "--quiet", "--json")


def cells(ran, key="cells"):
    assert ran.code == 0, ran.err
    return {(cell["task"], cell["domain"]): cell for cell in ran.json[key]}


@pytest.fixture(scope="module")
def adult(tmp_path_factory, real_data, recmtl):
    workspace = tmp_path_factory.mktemp("adult")
    assert recmtl("download", "adult", "--from", str(real_data("adult")), cwd=workspace).code == 0
    ran = recmtl("split-domains", "--config", "adult_sex.json", "--json", cwd=workspace)
    assert ran.code == 0, ran.err
    return workspace


@pytest.fixture(scope="module")
def lt4rec(tmp_path_factory, real_data, recmtl):
    workspace = tmp_path_factory.mktemp("lt4rec")
    assert recmtl("download", "lt4rec", "--from", str(real_data("lt4rec")), cwd=workspace).code == 0
    assert recmtl("split-domains", "--config", "lt4rec.json", cwd=workspace).code == 0
    return workspace


class TestAdult:
    def test_the_split(self, adult):
        profile = json.loads((adult / "data/adult_sex/profile.json").read_text())
        rows = {(cell["domain"], cell["part"]): cell["rows"] for cell in profile["cells"]}
        assert sum(n for (_, part), n in rows.items() if part == "test") == 16281
        assert rows["Male", "train"] + rows["Male", "valid"] == 21790
        assert rows["Female", "valid"] == pytest.approx(0.1 * 10771, abs=1)
        schema = json.loads((adult / "data/adult_sex/schema.json").read_text())
        assert "marital-status" not in {feature["name"] for feature in schema["features"]}
        assert [task["name"] for task in schema["tasks"]] == ["income", "never_married"]

    def test_prune_train_evaluate(self, adult, recmtl):
        ran = recmtl("prune-single", "--task", "income", "--iterations", "1", *SHORT, cwd=adult)
        assert ran.code == 0, ran.err
        assert [trial["percent"] for trial in ran.json["trials"]] == [100.0, 20.0]
        assert set(recmtl("train-mtl", *SHORT, cwd=adult).json["tickets"]) == {"income"}
        found = cells(recmtl("evaluate", "--json", cwd=adult))
        assert found["income", "all"]["auc"] > 0.9
        assert found["never_married", "all"]["auc"] > 0.95
        assert found["income", "Male"]["rows"] + found["income", "Female"]["rows"] == 16281
        assert found["income", "all"]["positives"] == 3846


class TestLt4rec:
    def test_the_masks_of_the_original(self, lt4rec, recmtl):
        ran = recmtl("prune-single", "--task", "0", "--final-rate", "0.2", *SHORT, cwd=lt4rec)
        assert ran.code == 0, ran.err
        assert {path.name for path in (lt4rec / "runs/lt4rec/tickets/click").glob("*%.pt")} == {
            "1_66.87%.pt", "2_44.72%.pt", "3_29.91%.pt", "4_20.0%.pt",
        }  # fmt: skip
        kept = [trial["kept"] for trial in ran.json["trials"]]
        assert (kept[0], kept[1], kept[2], kept[4]) == (532_480, 356_091, 238_132, 106_496)

    def test_both_tasks_and_the_logged_score(self, lt4rec, recmtl):
        assert recmtl("train-mtl", *SHORT, cwd=lt4rec).code == 0
        ran = recmtl("evaluate", "--part", "all", "--json", cwd=lt4rec)
        found, logged = cells(ran), cells(ran, "baselines")["click", "all"]
        assert found["click", "all"]["rows"] == 4322 and found["click", "all"]["positives"] == 1677
        assert found["completion", "all"]["rows"] == 1677
        assert logged["rows"] == 4191 and logged["auc"] == pytest.approx(0.6385, abs=5e-5)
        alone = found["click", "8109"]  # a single row has one class
        assert alone["rows"] == 1 and alone["auc"] is None and "one class" in alone["undefined"]["auc"]

    def test_the_logged_score_against_scikit_learn(self, lt4rec):
        labels, scores = [], []
        for path in (lt4rec / "data/lt4rec").rglob("part-*.parquet"):
            table = pq.ParquetFile(path).read(["label:click", "score:pctr"]).to_pandas().dropna()
            labels += table["label:click"].tolist()
            scores += table["score:pctr"].tolist()
        assert (len(labels), round(roc_auc_score(labels, scores), 4)) == (4191, 0.6385)


def split(workspace, real_data, recmtl, name, source, preset):
    """The split's profile: (domain, part) -> its cell; and its schema."""
    assert recmtl("download", name, "--from", str(real_data(source)), cwd=workspace).code == 0
    ran = recmtl("split-domains", "--config", f"{preset}.json", cwd=workspace)
    assert ran.code == 0, ran.err
    profile, schema = (
        json.loads((workspace / f"data/{preset}/{file}.json").read_text()) for file in ("profile", "schema")
    )
    return {(cell["domain"], cell["part"]): cell for cell in profile["cells"]}, schema


def test_the_published_parts_of_census(tmp_path, real_data, recmtl):
    found, schema = split(tmp_path, real_data, recmtl, "census", "census-income", "census")
    rows = {part: cell["rows"] for (_, part), cell in found.items()}
    assert rows["test"] == 99_762 and rows["train"] + rows["valid"] == 199_523
    assert len(schema["features"]) == 39
    assert not {"marital_stat", "instance_weight"} & {feature["name"] for feature in schema["features"]}


def test_the_age_groups_of_movielens(tmp_path, real_data, recmtl):
    found, schema = split(tmp_path, real_data, recmtl, "movielens_1m", "movielens-1m", "movielens_age")
    sizes = {"under 25": 210_747, "25 to 34": 395_556, "35 and over": 393_906}
    assert set(schema["domains"]) == set(sizes)
    for domain, size in sizes.items():
        parts = {part: cell["rows"] for (name, part), cell in found.items() if name == domain}
        assert sum(parts.values()) == size
        assert parts["test"] == pytest.approx(0.1 * size, abs=1)
