"""The main job on the embedded sample, as a new user runs it first."""

import json

import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from recmtl import sample_data

TRUTH = json.loads((sample_data.folder() / "truth.json").read_text())["video"]


@pytest.fixture
def scorecard(sample_workspace):
    return json.loads((sample_workspace / "runs/sample/scorecard/scorecard.json").read_text())


def cell(scorecard, task, domain="all"):
    return next(c for c in scorecard["cells"] if (c["task"], c["domain"]) == (task, domain))


def test_every_stage_left_its_folder(sample_workspace):
    run = sample_workspace / "runs/sample"
    masks = {"1_66.87%.pt", "2_44.72%.pt", "3_29.91%.pt", "4_20.0%.pt", "ticket.pt", "metrics.jsonl", "manifest.json"}
    for task in ("click", "completion"):
        assert {path.name for path in (run / "tickets" / task).iterdir()} == masks
    assert {path.name for path in (run / "model").iterdir()} == {"best.pt", "last.pt", "metrics.jsonl", "manifest.json"}
    assert (sample_workspace / "data/sample/schema.json").is_file()
    assert not list(sample_workspace.rglob("*.partial"))


def test_training_finds_the_planted_structure(scorecard):
    click, completion = cell(scorecard, "click"), cell(scorecard, "completion")
    assert click["auc"] > TRUTH["overall"]["click_best_auc"] - 0.06
    assert click["auc"] < TRUTH["overall"]["click_best_auc"] + 0.03  # more than the truth allows would be a leak
    assert completion["r2"] > 0.25


def test_every_task_has_a_cell_for_every_domain_and_for_all(scorecard):
    domains = {"editors_pick", "same_provider", "similar_taste", "trending", "all"}
    for task in ("click", "completion"):
        cells = [c for c in scorecard["cells"] if c["task"] == task]
        assert {c["domain"] for c in cells} == domains
        assert sum(c["rows"] for c in cells if c["domain"] != "all") == cell(scorecard, task)["rows"]
    assert cell(scorecard, "completion")["rows"] == cell(scorecard, "click")["positives"]  # observed only where clicked


def test_the_scorecard_says_what_the_model_predicts(sample_workspace, scorecard, tmp_path):
    """AUC by scikit-learn over predictions made by hand from the published folders alone."""
    from recmtl.data.loader import load_part
    from recmtl.data.schema_file import load_schema
    from recmtl.models.model import Model
    from recmtl.models.sharing import SharingConfig
    from recmtl.pipelines.checkpoint import load_checkpoint
    from recmtl.pipelines.stage import read_input
    from recmtl.pipelines.workspace import Workspace
    from recmtl.recipe import read_recipe
    from recmtl.training.predict import predict_rows

    split = sample_workspace / "data/sample"
    schema = load_schema(split)
    model = Model(read_recipe("sample.json").section("model", SharingConfig), schema, seed=0)
    split_hash = read_input(split, Workspace(tmp_path), "")[1]
    load_checkpoint(sample_workspace / "runs/sample/model/best.pt", model, split_hash)
    rows = load_part(split, schema, "test").batch
    auc = roc_auc_score(rows.labels_BT[:, 0].numpy(), predict_rows(model, rows, [0])[:, 0])
    assert cell(scorecard, "click")["auc"] == pytest.approx(auc, abs=1e-9)


def test_the_scorecard_is_a_table_too(sample_workspace, scorecard):
    table = pq.read_table(sample_workspace / "runs/sample/scorecard/scorecard.parquet").to_pylist()
    assert [(row["task"], row["domain"], row["auc"]) for row in table] == [
        (c["task"], c["domain"], c.get("auc")) for c in scorecard["cells"]
    ]


def test_a_session_is_never_torn(sample_workspace):
    parts = {}
    for part in ("train", "valid", "test"):
        for path in (sample_workspace / "data/sample" / part).rglob("*.parquet"):
            for session in pq.ParquetFile(path).read(["key:group"])["key:group"].to_pylist():
                parts.setdefault(session, set()).add(part)
    assert len(parts) == TRUTH["sessions"]
    assert all(len(found) == 1 for found in parts.values())


def test_a_second_demo_does_nothing_and_ends_in_the_same_table(workspace, recmtl):
    ran = recmtl("demo", cwd=workspace)
    assert ran.code == 0
    assert ran.out.count("done already") == 5
    assert "similar_taste" in ran.out and "logged scores" in ran.out
    assert "\x1b" not in ran.out + ran.err


def test_another_machine_would_get_the_same_bytes(sample_workspace, tmp_path, recmtl):
    """Another folder, another process, other times of day: every published file is the same, manifests apart."""
    assert recmtl("demo", "--quiet", cwd=tmp_path).code == 0
    assert not (tmp_path / "data/latest").exists()  # made-up data are never "the split made last"
    published = [p for p in sample_workspace.rglob("*") if p.is_file() and p.name != "manifest.json"]
    compared = 0
    for path in published:
        relative = path.relative_to(sample_workspace)
        ours = path.name not in ("latest", "sample.json")
        if ours and not any(part.startswith(".") for part in relative.parts):
            assert (tmp_path / relative).read_bytes() == path.read_bytes(), relative
            compared += 1
    assert compared > 30
