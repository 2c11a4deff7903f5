"""Training on a share of the negatives: what comes out are the probabilities among all rows."""

import csv
import json

import numpy as np
import pytest

from recmtl.metrics.auc import auc
from recmtl.metrics.log_loss import log_loss
from recmtl.pipelines.selection import Asked, select_model
from recmtl.pipelines.trained import open_trained
from recmtl.pipelines.workspace import Workspace
from recmtl.training.predict import predict_rows

RATE = 0.1
TRUE = {"cold": 0.02, "mild": 0.1, "warm": 0.3, "hot": 0.6}
"""The probability of a click in each place."""
LAST = ("--checkpoint", "last")
"""AUC, by which the best epoch is chosen, sees the four places in order after the first one, long before their
probabilities have settled."""
CONFIG = {
    "dataset": {
        "name": "table", "train": "rows.csv", "tasks": [{"name": "click", "kind": "binary"}], "categorical": ["place"],
    },
    "split": {"name": "random", "negative_rate": {"task": "click", "rate": RATE}},
    "model": {"name": "shared_bottom", "bottom": [8], "tower": []},
    "train": {
        "epochs": 12, "patience": 12, "batch_size": 128, "optimizer": {"name": "adam", "learning_rate": 0.01},
        "table_optimizer": {"name": "lazy_adam", "learning_rate": 0.01},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory, recmtl):
    folder, chance = tmp_path_factory.mktemp("thinned"), np.random.default_rng(5)
    places = np.repeat(list(TRUE), 8000)
    clicks = (chance.random(len(places)) < np.repeat(list(TRUE.values()), 8000)).astype(int)
    lines = ["place,click", *(f"{place},{click}" for place, click in zip(places, clicks, strict=True))]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    (folder / "new.csv").write_text("\n".join(["place", *TRUE]) + "\n")
    (folder / "thinned.json").write_text(json.dumps(CONFIG))
    for words in (("split-domains", "--config", "thinned.json"), ("train-mtl",)):
        ran = recmtl(*words, cwd=folder)
        assert ran.code == 0, ran.err
    return folder


def scores_and_labels(folder, negative_rates):
    """Of the test rows, by the trained weights and what a schema says of the negatives."""
    trained = open_trained(select_model(Asked(), Workspace(folder)), Workspace(folder))
    model, batch = trained.load(trained.checkpoint("last")), trained.experiment.rows("test").batch
    model.schema = model.schema.model_copy(update={"negative_rates": negative_rates})
    return predict_rows(model, batch, [0])[:, 0].astype(np.float64), batch.labels_BT[:, 0].numpy()


@pytest.mark.parametrize("part", ["valid", "test"])
def test_the_scorecard_is_calibrated(folder, cli, part):
    ran = cli("evaluate", "--part", part, *LAST, "--json", cwd=folder)
    assert ran.code == 0, ran.err
    cell = next(cell for cell in ran.json["cells"] if cell["domain"] == "all")
    assert cell["calibration"] == pytest.approx(1, abs=0.1)  # uncorrected: above 2
    assert cell["normalised_entropy"] < 0.8


def test_new_rows_get_the_true_probabilities(folder, cli):
    assert cli("predict", "--input", "new.csv", "--output", "scored.csv", *LAST, cwd=folder).code == 0
    rows = list(csv.DictReader((folder / "scored.csv").open()))
    assert {row["place"]: pytest.approx(float(row["score_click"]), rel=0.2, abs=0.01) for row in rows} == TRUE


def test_the_order_stays_and_the_log_loss_falls(folder):
    corrected, label = scores_and_labels(folder, {"click": RATE})
    learnt, _ = scores_and_labels(folder, {})
    assert auc(label, corrected) == auc(label, learnt)
    assert log_loss(label, corrected) < log_loss(label, learnt)
    np.testing.assert_allclose(corrected, learnt * RATE / (learnt * RATE + 1 - learnt), rtol=1e-5)
    assert learnt.mean() > 2 * label.mean()
