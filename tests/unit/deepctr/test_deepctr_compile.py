"""What compile understands of Keras' words, and what it refuses."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error, roc_auc_score

from recmtl.deepctr.compiled import Compiled, check_losses, read_loss_weights, read_metrics, read_optimizer
from recmtl.metrics.predictions import TaskPredictions
from recmtl.schema import Task

CLICK, BUY, MINUTES = (
    Task(name="click", kind="binary"), Task(name="buy", kind="binary"), Task(name="minutes", kind="regression"),
)  # fmt: skip
BOTH = (CLICK, MINUTES)


@pytest.mark.parametrize(
    ("optimizer", "name", "rate"),
    [
        ("adam", "adam", 0.001),
        ("Adam", "adam", 0.001),
        ("adagrad", "adagrad", 0.001),
        ("sgd", "sgd", 0.01),
        ({"class_name": "Adam", "config": {"name": "Adam", "learning_rate": 0.02}}, "adam", 0.02),
        ({"class_name": "SGD", "config": {}}, "sgd", 0.01),
    ],
)
def test_an_optimizer_has_keras_learning_rate_or_the_one_that_is_given(optimizer, name, rate):
    found = read_optimizer(optimizer, table_l2=2e-5, dense_l2=0.0)
    assert found["optimizer"] == {"name": name, "learning_rate": rate, "l2": 0.0}
    assert found["table_optimizer"] == {"name": name, "learning_rate": rate, "l2": 2e-5}


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        (SimpleNamespace(learning_rate=0.1), ["types.SimpleNamespace", "Give its name, 'adam'"]),
        ("rmsprop", ["'rmsprop' is not there", "adagrad, adam, sgd"]),
        ("adm", ["did you mean 'adam'?"]),
        ({"class_name": "Adam", "config": {"beta_1": 0.8}}, ["'beta_1'"]),
        ({"class_name": "Adam", "learning_rate": 0.8}, ["'learning_rate'"]),
        ({"class_name": "Adam", "config": {"learning_rate": 0}}, ["must be above 0"]),
        ({"class_name": "Adam", "config": {"learning_rate": "fast"}}, ["learning_rate must be a number"]),
        (None, ["builtins.NoneType"]),
    ],
)
def test_an_optimizer_that_is_not_there_is_refused(optimizer, said, refused):
    refused(lambda: read_optimizer(optimizer, 0.0, 0.0), *said)


@pytest.mark.parametrize(
    "loss",
    [
        ["binary_crossentropy", "mean_squared_error"],
        {"minutes": "mse", "click": "bce"},
        ("BinaryCrossentropy", "MeanSquaredError"),
    ],
)
def test_losses_of_the_tasks_kinds_are_taken(loss):
    check_losses(loss, BOTH)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ("binary_crossentropy", "the regression task 'minutes' must be 'mean_squared_error'"),
        (["mse", "mse"], "the binary task 'click' must be 'binary_crossentropy', not 'mse'"),
        (["binary_crossentropy"], "loss has 1 entries, and there are 2 tasks"),
        ({"click": "bce"}, "nothing of the task 'minutes'"),
        ({"click": "bce", "minuts": "mse"}, "names 'minuts', which is no task (did you mean 'minutes'?)"),
        (["bce", "mae"], "not 'mae'"),
        ([object(), "mse"], "'click' must be"),
    ],
)
def test_other_losses_are_refused(loss, said, refused):
    refused(lambda: check_losses(loss, BOTH), said)


def test_one_list_of_metrics_is_for_every_task_for_which_they_are():
    assert read_metrics(["AUC", "mae"], BOTH) == {"click": ("auc", "mae"), "minutes": ("mae",)}
    assert read_metrics("AUC", BOTH) == {"click": ("auc",), "minutes": ()}
    assert read_metrics(None, BOTH) == {"click": (), "minutes": ()}


def test_metrics_may_be_said_by_task():
    assert read_metrics([["AUC"], ["mae", "mse"]], BOTH) == {"click": ("auc",), "minutes": ("mae", "mse")}
    assert read_metrics({"minutes": "mae"}, BOTH) == {"click": (), "minutes": ("mae",)}


@pytest.mark.parametrize(
    ("metrics", "tasks", "said"),
    [
        (["AUC"], (MINUTES,), "the metric 'auc' is for binary tasks, and there is none"),
        ({"minutes": ["AUC"]}, BOTH, "the metric 'auc' is for binary tasks, not for 'minutes'"),
        (["AUCC"], BOTH, "'AUCC' is not there (did you mean 'auc'?)"),
        ([[SimpleNamespace()], []], BOTH, "a metric is an object, types.SimpleNamespace"),
        ({"views": ["AUC"]}, BOTH, "names 'views'"),
    ],
)
def test_other_metrics_are_refused(metrics, tasks, said, refused):
    refused(lambda: read_metrics(metrics, tasks), said)


@pytest.mark.parametrize(
    ("weights", "found"),
    [(None, [1, 1]), ([0.5, 2], [0.5, 2]), ({"minutes": 3, "click": 1}, [1, 3])],
)
def test_weights_of_losses(weights, found):
    assert read_loss_weights(weights, BOTH) == dict(zip(["click", "minutes"], found, strict=True))


def test_a_loss_without_weight_is_refused(refused):
    refused(lambda: read_loss_weights([1, 0], BOTH), "'minutes' must be above 0")
    refused(lambda: read_loss_weights([1, -1], BOTH), "at least 0")


def test_measures_agree_with_another_implementation_and_skip_what_was_not_observed():
    chance = np.random.default_rng(0)
    label, p = chance.integers(0, 2, 50), chance.random(50)
    value, guess = chance.normal(size=50), chance.normal(size=50)
    compiled = Compiled(
        {}, {"click": 1.0, "minutes": 0.5}, {"click": ("auc", "accuracy", "mae"), "minutes": ("mae", "mse")}
    )
    some = np.where(np.arange(50) < 30, value, np.nan)
    found = compiled.measure(
        [TaskPredictions("click", "binary", label, p), TaskPredictions("minutes", "regression", some, guess)]
    )
    squared = mean_squared_error(value[:30], guess[:30])
    expected = {
        "loss": log_loss(label, p) + 0.5 * squared,
        "click_loss": log_loss(label, p),
        "minutes_loss": squared,
        "click_auc": roc_auc_score(label, p),
        "click_accuracy": accuracy_score(label, p > 0.5),
        "click_mae": mean_absolute_error(label, p),
        "minutes_mae": mean_absolute_error(value[:30], guess[:30]),
        "minutes_mse": squared,
    }
    assert list(found) == list(expected) == compiled.names()
    assert found == pytest.approx(expected)


def test_an_auc_of_one_class_is_not_a_number():
    compiled = Compiled({}, {"click": 1.0}, {"click": ("auc",)})
    found = compiled.measure([TaskPredictions("click", "binary", np.ones(3), np.full(3, 0.5))])
    assert np.isnan(found["click_auc"]) and found["loss"] == pytest.approx(np.log(2))
