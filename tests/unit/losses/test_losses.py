import numpy as np
import pytest
import torch
from torch.nn import functional as F

from recmtl.losses.base import LossConfig
from recmtl.losses.cross_entropy import CrossEntropyConfig
from recmtl.losses.focal import FocalConfig
from recmtl.losses.mse import MseConfig
from recmtl.losses.weighted_mse import WeightedMseConfig
from recmtl.schema import Task

BINARY = Task(name="click", kind="binary")
FREE = Task(name="gain", kind="regression", mean=40.0, std=8.0)
BOUNDED = Task(name="share", kind="regression", bounds=(0.0, 1.0), mean=0.3, std=0.1)
LOGIT = torch.tensor([-6.0, -1.0, -0.2, 0.0, 0.3, 2.0, 7.0])
LABEL = torch.tensor([0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
FOCALS = [
    FocalConfig(alpha=alpha, gamma=gamma) for alpha in (0.0, 0.25, 0.75, 1.0) for gamma in (0.0, 0.5, 1.0, 2.0, 5.0)
]


def probability():
    return 1 / (1 + np.exp(-LOGIT.double().numpy()))


def test_cross_entropy():
    p, y = probability(), LABEL.numpy()
    expected = -y * np.log(p) - (1 - y) * np.log(1 - p)
    np.testing.assert_allclose(CrossEntropyConfig().rows(LOGIT, LABEL, BINARY), expected, rtol=1e-4)


@pytest.mark.parametrize("loss", FOCALS, ids=lambda loss: f"{loss.alpha}-{loss.gamma}")
def test_focal(loss):
    p, y = probability(), LABEL.numpy()
    expected = -loss.alpha * (1 - p) ** loss.gamma * y * np.log(p)
    expected -= (1 - loss.alpha) * p**loss.gamma * (1 - y) * np.log(1 - p)
    np.testing.assert_allclose(loss.rows(LOGIT, LABEL, BINARY), expected, rtol=1e-4, atol=1e-12)


def test_focal_has_lt4recs_values():
    assert (FocalConfig().alpha, FocalConfig().gamma) == (0.75, 2.0)


def test_focal_without_gamma_and_even_alpha_is_half_of_cross_entropy():
    half = FocalConfig(alpha=0.5, gamma=0.0).rows(LOGIT, LABEL, BINARY)
    torch.testing.assert_close(2 * half, F.binary_cross_entropy_with_logits(LOGIT, LABEL, reduction="none"))


def test_focal_with_gamma_counts_a_hard_row_more_than_an_easy_one():
    logit, label = torch.tensor([3.0, -3.0]), torch.ones(2)
    easy, hard = FocalConfig(alpha=0.5, gamma=2.0).rows(logit, label, BINARY)
    plain_easy, plain_hard = FocalConfig(alpha=0.5, gamma=0.0).rows(logit, label, BINARY)
    assert hard / easy > 100 * plain_hard / plain_easy


def test_mse_is_of_the_prediction_in_units_of_the_labels_spread():
    label = torch.tensor([40.0, 30.0, 48.0, 41.0, 39.0, 0.0, 99.0])
    expected = ((40 + 8 * LOGIT - label) / 8) ** 2
    torch.testing.assert_close(MseConfig().rows(LOGIT, label, FREE), expected)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 3600.0), (-1.0, 5.0)])
def test_mse_of_a_bounded_task_is_in_units_of_the_bounds(low, high):
    task = BOUNDED.model_copy(update={"bounds": (low, high)})
    expected = (probability() - LABEL.numpy()) ** 2
    found = MseConfig().rows(LOGIT, low + (high - low) * LABEL, task)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_weighted_mse_leaves_out_rows_without_a_positive_label():
    label = torch.tensor([0.0, 0.5, 1.0, -2.0])
    assert WeightedMseConfig().weights(label).tolist() == [0, 1, 1, 0]
    assert WeightedMseConfig(zero_weight=0.25).weights(label).tolist() == [0.25, 1, 1, 0.25]
    torch.testing.assert_close(WeightedMseConfig().rows(LOGIT, LABEL, BOUNDED), MseConfig().rows(LOGIT, LABEL, BOUNDED))


@pytest.mark.parametrize("loss", [CrossEntropyConfig(), FocalConfig(), MseConfig()], ids=lambda loss: loss.name)
def test_other_losses_weigh_rows_alike(loss):
    assert loss.weights(LABEL) is None


EXTREME = [0.0, 100.0, -100.0, 1000.0, -1000.0]


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("loss", [CrossEntropyConfig(), *FOCALS], ids=lambda loss: repr(loss))
def test_binary_losses_are_finite_at_extreme_logits(loss, label):
    logit = torch.tensor(EXTREME, requires_grad=True)
    value = loss.rows(logit, torch.full((5,), label), BINARY)
    value.sum().backward()
    assert value.isfinite().all() and (value >= 0).all()
    assert logit.grad.isfinite().all()


def test_a_row_that_is_surely_wrong_still_pulls():
    for loss in (CrossEntropyConfig(), FocalConfig(alpha=0.5), FocalConfig(alpha=0.5, gamma=0.5)):
        logit = torch.tensor([100.0, -100.0], requires_grad=True)
        loss.rows(logit, torch.tensor([0.0, 1.0]), BINARY).sum().backward()
        assert logit.grad[0] >= 0.5 and logit.grad[1] <= -0.5


@pytest.mark.parametrize("task", [FREE, BOUNDED], ids=lambda task: task.name)
@pytest.mark.parametrize("loss", [MseConfig(), WeightedMseConfig()], ids=lambda loss: loss.name)
def test_regression_losses_are_finite_at_extreme_logits(loss, task):
    logit = torch.tensor(EXTREME, requires_grad=True)
    value = loss.rows(logit, torch.full((5,), 1.0), task)
    value.sum().backward()
    assert value.isfinite().all() and logit.grad.isfinite().all()


def test_every_loss_says_what_kind_of_task_it_is_for():
    kinds = {name: loss.kind for name, loss in LossConfig.kinds.items()}
    assert set(kinds.values()) == {"binary", "regression"}
    assert kinds["cross_entropy"] == kinds["focal"] == "binary"
    assert kinds["mse"] == kinds["weighted_mse"] == "regression"
