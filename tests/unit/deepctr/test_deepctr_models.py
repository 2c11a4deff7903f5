"""Each model and each kind of feature, learnt and scored."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import r2_score, roc_auc_score

from recmtl import MultiTaskRanker
from recmtl.deepctr import ESSM, MMOE, PLE, PLE_CGC, DenseFeat, Shared_Bottom, SparseFeat, VarLenSparseFeat

torch.set_num_threads(1)

LOSSES = ["binary_crossentropy", "mean_squared_error"]
FAST = {"class_name": "Adam", "config": {"learning_rate": 0.01}}


@pytest.mark.parametrize("function", [Shared_Bottom, MMOE, PLE_CGC, PLE], ids=lambda function: function.__name__)
def test_each_model_learns_with_its_defaults(function, columns, tasks, rows, fresh):
    model = function(columns, **tasks)
    model.compile(FAST, loss=LOSSES, metrics=["AUC"])
    history = model.fit(rows.X, rows.y, batch_size=128, epochs=4, verbose=0)
    assert history.history["click_auc"][-1] > 0.85
    assert r2_score(fresh.minutes, model.predict(fresh.X)[1]) > 0.8


def test_esmm_says_the_probability_of_both(columns, rows, fresh):
    model = ESSM(columns, tower_dnn_units_lists=[[16], [16]])
    model.compile(FAST, loss="binary_crossentropy", metrics=["AUC"])
    bought = rows.click * (rows.X["item"] % 2)
    model.fit(rows.X, [rows.click, bought], batch_size=128, epochs=5, verbose=0)
    click, both = model.predict(fresh.X)
    assert (both <= click).all()
    assert roc_auc_score(fresh.click * (fresh.X["item"] % 2), both) > 0.85


def test_features_of_one_embedding_share_its_table(trained):
    schema = trained[0].ranker.schema_
    tables = {feature.name: feature.table for feature in schema.features}
    assert tables == {"item": "item", "hist": "item", "city": "city", "price": "price"}
    assert schema.tables["item"] == 20 + 3


def test_hashed_text_is_learnt_and_unknown_text_scored(rows, fresh, tasks, small):
    columns = [SparseFeat("item", 1000, use_hash=True, dtype="string", embedding_dim=4), DenseFeat("price")]
    names = np.array([f"item {place}" for place in range(20)])
    model = small(columns, tasks)
    model.fit({"item": names[rows.X["item"]], "price": rows.X["price"]}, rows.y, batch_size=64, epochs=5, verbose=0)
    click = model.predict({"item": names[fresh.X["item"]], "price": fresh.X["price"]})[0]
    assert roc_auc_score(fresh.click, click) > 0.75
    assert model.ranker.schema_.tables["item"] == 1003
    assert np.isfinite(model.predict({"item": np.array(["never seen"]), "price": np.array([0.1])})[0]).all()


def test_rows_that_weigh_nothing_or_lack_a_label_are_not_learnt_from(columns, tasks, rows, fresh, small):
    """Most rows say the opposite, and would have their way if they counted."""
    wrong = np.arange(1200) >= 400
    opposite = np.where(wrong, 1 - rows.click, rows.click)
    skill = {}
    for name, label, weight in [
        ("all", opposite, None), ("weighed", opposite, np.where(wrong, 0.0, 2.0)),
        ("hidden", np.where(wrong, np.nan, rows.click), None),
    ]:  # fmt: skip
        model = small(columns, tasks)
        model.fit(rows.X, [label, rows.minutes], batch_size=64, epochs=5, verbose=0, sample_weight=weight)
        skill[name] = roc_auc_score(fresh.click, model.predict(fresh.X)[0])
    assert min(skill["weighed"], skill["hidden"]) > 0.85 and skill["all"] < 0.5


def test_features_may_have_vectors_of_different_widths(rows, fresh, tasks, small):
    columns = [SparseFeat("item", 20, "auto"), SparseFeat("city", 3, embedding_dim=2), DenseFeat("price")]
    model = small(columns, tasks)
    model.fit(rows.X, rows.y, batch_size=64, epochs=5, verbose=0)
    assert model.section["encoder"]["embedding_dim"] == 12 and model.section["encoder"]["embedding_dims"] == {"city": 2}
    assert roc_auc_score(fresh.click, model.predict(fresh.X)[0]) > 0.9


@pytest.mark.parametrize("combiner", ["mean", "sum", "max"])
def test_a_sequence_is_pooled_as_its_combiner_says(combiner, tasks, small):
    """How often an id is there decides; a sum alone can count."""
    chance = np.random.default_rng(0)
    count = chance.integers(1, 7, 1500)
    X = {"hist": (np.arange(6) < count[:, None]).astype(int)}
    model = small([VarLenSparseFeat(SparseFeat("hist", 2), 6, combiner=combiner)], tasks)
    model.fit(X, [(count > 3).astype(int), count * 1.0], batch_size=64, epochs=5, verbose=0)
    found = r2_score(count, model.predict(X)[1])
    assert found > 0.9 if combiner == "sum" else found < 0.1


def test_numbers_alone_are_enough(tasks, rows, small):
    model = small([DenseFeat("v", 2)], tasks)
    v = np.column_stack([rows.minutes, rows.X["price"]])
    model.fit({"v": v}, rows.y, batch_size=64, epochs=5, verbose=0)
    assert r2_score(rows.minutes, model.predict({"v": v})[1]) > 0.9


def test_sequences_alone_are_enough(tasks, rows, small):
    model = small([VarLenSparseFeat(SparseFeat("hist", 20), 4)], tasks)
    model.fit({"hist": rows.X["hist"]}, rows.y, verbose=0)
    assert len(model.predict({"hist": np.zeros((3, 4), int)})[0]) == 3


def test_a_frame_with_an_index_of_its_own_will_do(columns, tasks, rows, small):
    flat = [column for column in columns if not isinstance(column, VarLenSparseFeat)]
    frame = pd.DataFrame({name: rows.X[name] for name in ("item", "city", "price")}, index=np.arange(1200)[::-1])
    label = pd.Series(rows.click, frame.index)
    one, other = small(flat, tasks), small(flat, tasks)
    one.fit({name: frame[name] for name in frame}, [label, rows.minutes], verbose=0)
    other.fit(frame.reset_index(drop=True), rows.y, verbose=0)
    assert np.array_equal(one.predict(frame)[0], other.predict(rows.X)[0])


def test_the_estimator_within_is_saved_and_predicts_the_same(trained, fresh, tmp_path):
    model, _, _ = trained
    model.ranker.save(tmp_path / "saved")
    again = MultiTaskRanker.load(tmp_path / "saved").predict(model.frame(fresh.X))
    assert np.array_equal(np.hstack(model.predict(fresh.X)), again)


def test_the_summary_counts_the_parameters_once_they_are_there(trained):
    lines = []
    trained[0].summary(print_fn=lines.append)
    counted = sum(weight.numel() for weight in trained[0].ranker.model_.parameters())
    assert lines[-1] == f"parameters: {counted:,}"
