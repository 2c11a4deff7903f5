import pytest
import torch
from torch.nn import functional as F

from recmtl.batch import Batch
from recmtl.errors import ConfigError
from recmtl.losses.cross_entropy import CrossEntropyConfig
from recmtl.losses.focal import FocalConfig
from recmtl.losses.mse import MseConfig
from recmtl.losses.weighted_mse import WeightedMseConfig
from recmtl.schema import CategoricalFeature, Schema, Task
from recmtl.training.objective import Objective

SCHEMA = Schema(
    dataset="tiny",
    features=(CategoricalFeature(name="item", table="item"),),
    tables={"item": 5},
    tasks=(
        Task(name="click", kind="binary"),
        Task(name="share", kind="regression", bounds=(0.0, 1.0)),
        Task(name="gain", kind="regression", mean=3.0, std=2.0),
    ),
    domains=("d",),
)
TASKS = (0, 1, 2)
OBSERVED = torch.tensor([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 0]]).bool()
LABELS = torch.tensor([[1, 0.3, 0], [0, 0, 5.0], [0, 0.0, -1], [1, 0.9, 0]])
LOGITS = torch.tensor([[0.5, -1, 2], [1.5, 0, 0.1], [-2, 1, -0.3], [3, 2, 1]])


def batch(labels=LABELS, observed=OBSERVED):
    rows = len(labels)
    return Batch(
        torch.zeros(rows, 1, dtype=torch.int32),
        torch.empty(rows, 0),
        (),
        labels,
        observed,
        torch.zeros(rows).long(),
        torch.ones(rows),
    )


def test_each_task_is_averaged_over_its_own_observed_rows():
    losses_T = Objective({}, SCHEMA, TASKS)(LOGITS, batch())
    click = F.binary_cross_entropy_with_logits(LOGITS[[0, 1, 3], 0], LABELS[[0, 1, 3], 0])
    share = F.mse_loss(LOGITS[[0, 2, 3], 1].sigmoid(), LABELS[[0, 2, 3], 1])
    gain = (((3 + 2 * LOGITS[[1, 2], 2] - LABELS[[1, 2], 2]) / 2) ** 2).mean()
    torch.testing.assert_close(losses_T, torch.stack([click, share, gain]))


def test_weighted_mse_averages_over_rows_with_a_positive_label():
    losses_T = Objective({"share": WeightedMseConfig()}, SCHEMA, TASKS)(LOGITS, batch())
    expected = F.mse_loss(LOGITS[[0, 3], 1].sigmoid(), LABELS[[0, 3], 1])  # row 2 is observed, and 0
    torch.testing.assert_close(losses_T[1], expected)


@pytest.mark.parametrize("tasks", [(1,), (2, 0)])
def test_some_tasks_alone(tasks):
    every = Objective({}, SCHEMA, TASKS)(LOGITS, batch())
    torch.testing.assert_close(Objective({}, SCHEMA, tasks)(LOGITS[:, list(tasks)], batch()), every[list(tasks)])


@pytest.mark.parametrize("losses", [{}, {"click": FocalConfig(gamma=0.5), "share": WeightedMseConfig(zero_weight=0.5)}])
def test_rows_that_were_not_observed_change_no_loss_and_no_gradient(losses):
    objective = Objective(losses, SCHEMA, TASKS)
    wild_labels = torch.where(OBSERVED, LABELS, 1.0)
    wild_logits = torch.where(OBSERVED, LOGITS, 50.0).requires_grad_()
    logits = LOGITS.clone().requires_grad_()
    for found, labels in ((logits, LABELS), (wild_logits, wild_labels)):
        objective(found, batch(labels)).sum().backward()
    torch.testing.assert_close(objective(wild_logits, batch(wild_labels)), objective(logits, batch()))
    assert not logits.grad[~OBSERVED].any() and not wild_logits.grad[~OBSERVED].any()
    torch.testing.assert_close(wild_logits.grad, logits.grad)
    assert (logits.grad[OBSERVED & (LABELS > 0)] != 0).all()


@pytest.mark.parametrize("losses", [{}, {"click": FocalConfig(), "share": WeightedMseConfig()}])
def test_a_task_that_no_row_observed_has_loss_zero_and_no_gradient(losses):
    logits = (100 * LOGITS).requires_grad_()
    losses_T = Objective(losses, SCHEMA, TASKS)(logits, batch(observed=torch.zeros(4, 3).bool()))
    losses_T.sum().backward()
    assert losses_T.tolist() == [0, 0, 0]
    assert logits.grad.tolist() == [[0, 0, 0]] * 4


def test_a_batch_whose_weights_are_all_zero_is_as_good_as_unobserved():
    logits = LOGITS.clone().requires_grad_()
    losses_T = Objective({"share": WeightedMseConfig()}, SCHEMA, (1,))(logits[:, 1:2], batch(torch.zeros(4, 3)))
    losses_T.sum().backward()
    assert losses_T.tolist() == [0] and not logits.grad.any()


def test_defaults_by_kind():
    assert Objective({}, SCHEMA, TASKS).losses == [CrossEntropyConfig(), MseConfig(), MseConfig()]


def test_a_loss_for_a_task_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"train\.losses names the task 'clik' .did you mean 'click'"):
        Objective({"clik": FocalConfig()}, SCHEMA, TASKS)


def test_a_loss_for_another_kind_of_task_is_refused_with_those_that_fit():
    with pytest.raises(ConfigError) as raised:
        Objective({"share": FocalConfig()}, SCHEMA, TASKS)
    assert "train.losses.share is 'focal'" in raised.value.message
    assert "mse" in raised.value.hint and "focal" not in raised.value.hint


def test_a_loss_of_a_task_that_is_not_trained_now_is_no_mistake():
    assert Objective({"share": WeightedMseConfig()}, SCHEMA, (0,)).losses == [CrossEntropyConfig()]
