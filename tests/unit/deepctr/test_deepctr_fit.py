"""A script of Keras and DeepCTR runs: what is trained, told and predicted."""

import re

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score, roc_auc_score

torch.set_num_threads(1)

LOSSES = ["binary_crossentropy", "mean_squared_error"]
FAST = {"class_name": "Adam", "config": {"learning_rate": 0.01}}


def test_it_learns_what_was_planted(trained, fresh):
    click, minutes = trained[0].predict(fresh.X)
    assert roc_auc_score(fresh.click, click) > 0.9
    assert r2_score(fresh.minutes, minutes) > 0.9


def test_predictions_are_one_column_for_each_task_whatever_the_batch(trained, fresh):
    model, _, _ = trained
    found = model.predict(fresh.X, batch_size=256)
    assert [(array.shape, array.dtype) for array in found] == [((600, 1), np.float32)] * 2
    assert all(np.array_equal(a, b) for a, b in zip(found, model.predict(fresh.X, batch_size=7), strict=True))


def test_all_epochs_are_told_in_plain_lines(trained):
    model, history, lines = trained
    assert model.history is history
    assert len(lines) == 40 and lines[0] == "Epoch 1/20" and lines[38] == "Epoch 20/20"
    number = r"-?\d+\.\d{4}"
    names = ["loss", "click_loss", "minutes_loss", "click_auc", "click_mae", "minutes_mae"]
    told = " - ".join(f"{name}: {number}" for name in [*names, *(f"val_{name}" for name in names)])
    assert re.fullmatch(rf"15/15 - \d+s - {told}", lines[1])
    assert history.epoch == list(range(20))
    told = [*names, *(f"val_{name}" for name in names)]
    assert {name: len(values) for name, values in history.history.items()} == dict.fromkeys(told, 20)


def test_evaluate_says_what_the_history_said_of_the_same_rows(trained, rows):
    """validation_split takes the last rows, as they stand; the model is that of the last epoch."""
    model, history, _ = trained
    for start, stop, prefix in [(900, 1200, "val_"), (0, 900, "")]:
        X = {name: values[start:stop] for name, values in rows.X.items()}
        found = model.evaluate(X, [label[start:stop] for label in rows.y], verbose=0, return_dict=True)
        last = {name: values[-1] for name, values in history.history.items()}
        compared = [name for name in found if prefix or not name.endswith("loss")]  # that of training is a running mean
        assert compared
        assert {name: found[name] for name in compared} == pytest.approx(
            {name: last[prefix + name] for name in compared}
        )


def test_evaluate_gives_a_list_in_the_order_of_the_names(trained, fresh, capsys):
    model, _, _ = trained
    values = model.evaluate(fresh.X, fresh.y)
    by_name = dict(zip(model.metrics_names, values, strict=True))
    assert by_name == model.evaluate(fresh.X, {"click": fresh.click, "minutes": fresh.minutes}, return_dict=True)
    assert by_name["minutes_loss"] == pytest.approx(np.mean((model.predict(fresh.X)[1][:, 0] - fresh.minutes) ** 2))
    assert capsys.readouterr().out.startswith("19/19 - 0s - loss: ")


def test_rows_of_validation_teach_nothing(columns, tasks, rows, small):
    """Other labels there, and it is the same model: they choose no epoch either."""
    share = {"epochs": 3, "verbose": 0, "batch_size": 64}
    cut = {name: values[:900] for name, values in rows.X.items()}
    alone = small(columns, tasks)
    alone.fit(cut, [label[:900] for label in rows.y], **share)
    watched = small(columns, tasks)
    upside_down = [np.where(np.arange(1200) < 900, rows.click, 1 - rows.click), rows.minutes]
    watched.fit(rows.X, upside_down, validation_split=0.25, **share)
    given = small(columns, tasks)
    rest = {name: values[900:] for name, values in rows.X.items()}
    given.fit(
        cut, [label[:900] for label in rows.y], validation_data=(rest, [label[900:] for label in rows.y]), **share
    )
    for other in (watched, given):
        assert all(np.array_equal(a, b) for a, b in zip(alone.predict(rows.X), other.predict(rows.X), strict=True))


def test_it_trains_on_after_validation_got_worse(columns, tasks, rows, small):
    """Exactly so many epochs, and the last one's weights."""
    some = {name: values[:200] for name, values in rows.X.items()}
    model = small(columns, tasks)
    history = model.fit(
        some, [label[:200] for label in rows.y], batch_size=16, epochs=40, verbose=0, validation_split=0.5
    )
    worst = history.history["val_click_loss"]
    assert len(worst) == 40 and worst[-1] > min(worst)
    late = {name: values[100:200] for name, values in rows.X.items()}
    told = model.evaluate(late, [label[100:200] for label in rows.y], verbose=0, return_dict=True)
    assert told["click_loss"] == pytest.approx(worst[-1])
    assert model.ranker.best_epoch_ == 39


def test_without_validation_all_rows_are_trained_on(columns, tasks, rows, small):
    model = small(columns, tasks)
    history = model.fit(rows.X, rows.y, batch_size=64, epochs=2, verbose=0)
    assert not any(name.startswith("val_") for name in history.history)
    assert model.ranker.schema_.tasks[1].mean == pytest.approx(rows.minutes.mean())


def test_nothing_is_printed_when_asked_so(columns, tasks, rows, capsys, small):
    small(columns, tasks).fit(rows.X, rows.y, verbose=0)
    assert capsys.readouterr().out == ""


def test_the_same_seed_gives_the_same_bits_and_another_others(columns, tasks, rows, small):
    found = []
    for seed in (3, 3, 4):
        model = small(columns, tasks, seed=seed)
        model.fit(rows.X, rows.y, batch_size=64, epochs=1, verbose=0)
        found.append(model.predict(rows.X)[0])
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])


def test_the_objective_is_the_weighted_sum_of_the_losses_in_the_labels_own_units(columns, tasks, rows, small):
    """The trainer's squared error is in units of the labels' variance, so the task weighs as much as that."""
    model = small(columns, tasks)
    model.compile("adam", loss=LOSSES, loss_weights={"minutes": 0.5, "click": 2})
    history = model.fit(rows.X, rows.y, batch_size=64, epochs=2, verbose=0, validation_split=0.25).history
    weights = model.ranker.get_params()["train"]["balance"]["weights"]
    assert weights == {"click": 2, "minutes": pytest.approx(0.5 * rows.minutes[:900].var())}
    for prefix in ("", "val_"):
        losses = zip(history[f"{prefix}click_loss"], history[f"{prefix}minutes_loss"], strict=True)
        assert history[f"{prefix}loss"] == pytest.approx([2 * click + 0.5 * minutes for click, minutes in losses])
    assert history["minutes_loss"][0] == pytest.approx(rows.minutes.var(), rel=0.5)


def test_l2_on_vectors_makes_them_shorter(columns, tasks, rows, small):
    sizes = []
    for l2 in (0, 10):
        model = small(columns, tasks, l2_reg_embedding=l2)
        model.fit(rows.X, rows.y, batch_size=64, epochs=3, verbose=0)
        sizes.append(float(model.ranker.model_.tables.detach().norm()))
    assert sizes[1] < 0.75 * sizes[0]
