import math

import pytest
import torch

from recmtl.nn.chain import chain_logits

FAR = [-1e4, -1000.0, -100.0, -20.0, -1.0, 0.0, 1.0, 20.0, 100.0, 1000.0, 1e4]


def chained(own_BT):
    return torch.stack(chain_logits(own_BT), dim=1)


def test_it_is_the_product_worked_out_by_hand():
    """1/2 * 1/4 = 1/8, and * 2/3 = 1/12."""
    own_BT = torch.tensor([[0.0, math.log(1 / 3), math.log(2)]])
    torch.testing.assert_close(chained(own_BT).sigmoid(), torch.tensor([[1 / 2, 1 / 8, 1 / 12]]))
    torch.testing.assert_close(chained(own_BT), torch.tensor([[0.0, -math.log(7), -math.log(11)]]))


def test_one_event_is_itself():
    own_BT = torch.tensor([FAR]).T
    assert torch.equal(chained(own_BT), own_BT)


@pytest.mark.parametrize("tasks", [2, 3, 5])
def test_logits_and_gradients_are_those_of_the_plain_product(tasks):
    chance = torch.Generator().manual_seed(0)
    own_BT = (4 * torch.randn(500, tasks, generator=chance, dtype=torch.float64)).requires_grad_()
    direction_BT = torch.randn(500, tasks, generator=chance, dtype=torch.float64)
    plain_BT = own_BT.sigmoid().cumprod(1).logit()
    (expected_BT,) = torch.autograd.grad((plain_BT * direction_BT).sum(), own_BT)
    found_BT = chained(own_BT)
    (gradient_BT,) = torch.autograd.grad((found_BT * direction_BT).sum(), own_BT)
    torch.testing.assert_close(found_BT, plain_BT, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(gradient_BT, expected_BT, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("tasks", [2, 3])
def test_far_logits_have_finite_values_and_gradients_that_add_up(tasks):
    """For any logits the slopes lie in [0, 1] and that of the least certain event is not 0."""
    own_BT = torch.cartesian_prod(*[torch.tensor(FAR)] * tasks).requires_grad_()
    logit_B = chained(own_BT)[:, -1]
    (slope_BT,) = torch.autograd.grad(logit_B.sum(), own_BT)
    assert logit_B.isfinite().all() and slope_BT.isfinite().all()
    assert (slope_BT >= 0).all() and (slope_BT <= 1).all()
    assert (slope_BT.max(1).values > 0.3).all()
    assert (logit_B <= own_BT.min(1).values + 1e-4).all()


def test_near_certainty_keeps_single_precision():
    """sigmoid(40) is 1 in single precision, and the chance against two such events is twice that against one."""
    found = chained(torch.tensor([[40.0, 40.0], [40.0, 100.0], [-100.0, -100.0]]))[:, 1]
    torch.testing.assert_close(found, torch.tensor([40 - math.log(2), 40.0, -200.0]))
