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
