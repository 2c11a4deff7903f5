import pytest

from recmtl.pruning.tickets import Trial, choose


def trials(*scores, kept=(80, 60, 40, 20)):
    return [Trial({}, size, 100, score) for size, score in zip(kept, scores, strict=False)]


@pytest.mark.parametrize(
    ("scores", "tolerance", "chosen"),
    [
        ((0.70, 0.72, 0.71, 0.60), 0.0, 1),  # the best
        ((0.70, 0.72, 0.71, 0.60), 0.02, 2),  # the smallest that costs less than 0.02
        ((0.70, 0.72, 0.71, 0.60), 1.0, 3),  # anything goes
        ((0.72, 0.72, 0.72, 0.71), 0.0, 2),  # the smallest of equals
        ((0.72, 0.60, 0.71, 0.60), 0.02, 2),  # a larger one that is bad does not stand in the way
        ((-0.5, -0.2, -0.3, -0.9), 0.2, 2),  # r2 below zero
        ((0.5,), 0.0, 0),
    ],
)
def test_the_smallest_mask_within_the_tolerance_of_the_best(scores, tolerance, chosen):
    assert choose(trials(*scores), tolerance) == chosen


def test_it_is_size_that_counts_not_order():
    assert choose(trials(0.7, 0.7, 0.7, kept=(40, 20, 60)), 0.0) == 1


@pytest.mark.parametrize(("kept", "percent"), [(356_091, 66.87), (238_132, 44.72), (159_248, 29.91), (106_496, 20.0)])
def test_percent(kept, percent):
    assert Trial({}, kept, 532_480, 0.0).percent == percent
