import pytest
import torch

from recmtl.nn.link import predict
from recmtl.schema import Task

LOGITS = torch.tensor([-100.0, -1.0, 0.0, 2.0, 100.0])


def test_binary_is_a_probability():
    expected = 1 / (1 + (-LOGITS.double()).exp())
    torch.testing.assert_close(predict(LOGITS, Task(name="t", kind="binary")), expected.float())


def test_regression_starts_at_the_training_mean_in_units_of_its_spread():
    task = Task(name="t", kind="regression", mean=50.0, std=4.0)
    torch.testing.assert_close(predict(LOGITS, task), 50 + 4 * LOGITS)


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (1.0, 5.0), (-3.0, 0.5)])
def test_a_bounded_regression_stays_inside(bounds):
    low, high = bounds
    task = Task(name="t", kind="regression", bounds=bounds, mean=0.2, std=9.0)
    found = predict(LOGITS, task)
    assert found[0].item() == pytest.approx(low) and found[-1].item() == pytest.approx(high)
    assert found[2].item() == pytest.approx((low + high) / 2)
    assert (found.diff() > 0).all() and found.min() >= low and found.max() <= high


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.999])
def test_negatives_that_were_left_out_are_put_back(rate):
    p = torch.sigmoid(LOGITS.double())
    found = predict(LOGITS, Task(name="t", kind="binary"), rate)
    torch.testing.assert_close(found, (p * rate / (p * rate + 1 - p)).float())
    assert found.dtype == LOGITS.dtype and found[-1] <= 1


def test_logits_that_differ_in_their_last_bit_stay_apart():
    """At odds where probabilities have more bits than logits: a sum in single precision would lose some."""
    logits = torch.full((1001,), -15.9)
    for place in range(1, 1001):
        logits[place] = torch.nextafter(logits[place - 1], torch.tensor(0.0))
    assert (predict(logits, Task(name="t", kind="binary"), 0.1).diff() > 0).all()


def test_a_regression_has_no_negatives():
    task = Task(name="t", kind="regression", bounds=(0.0, 1.0))
    assert torch.equal(predict(LOGITS, task, 0.1), predict(LOGITS, task))
