import math

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from recmtl.metrics.regression import mae, mse, r2
from recmtl.metrics.undefined import Undefined


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("metric", "oracle"), [(mse, mean_squared_error), (mae, mean_absolute_error), (r2, r2_score)])
def test_agrees_with_sklearn(metric, oracle, dtype):
    rng = np.random.default_rng(7)
    label = rng.normal(100, 3, 2000).astype(dtype)
    prediction = (label + rng.normal(0, 1, 2000)).astype(dtype)
    assert metric(label, prediction) == pytest.approx(oracle(label.astype(float), prediction.astype(float)), rel=1e-10)


def test_r2_knows_the_mean_the_perfect_and_the_worse():
    label = np.array([1.0, 2.0, 6.0])
    assert r2(label, label) == 1
    assert r2(label, np.full(3, 3.0)) == pytest.approx(0)
    assert r2(label, -label) < 0


def test_small_labels_far_from_zero_keep_their_variance():
    label = np.array([1e8, 1e8 + 1])
    assert r2(label, np.full(2, 1e8 + 0.5)) == pytest.approx(0)


@pytest.mark.parametrize(
    ("metric", "label", "reason"),
    [
        (mse, [], "no rows"),
        (mae, [], "no rows"),
        (r2, [], "no rows"),
        (r2, [3.0], "fewer than two rows"),
        (r2, [0.1, 0.1, 0.1], "constant labels among 3 rows"),  # whose variance is not 0 but 2e-34
        (r2, [0.0, 1e-200], "constant labels among 2 rows"),  # whose variance is 0
    ],
)
def test_undefined_with_the_reason(metric, label, reason):
    with pytest.raises(Undefined) as raised:
        metric(np.array(label), np.full(len(label), 0.5))
    assert raised.value.reason == reason


@pytest.mark.parametrize("metric", [mse, mae, r2])
def test_overflow_is_undefined_and_silent(metric, recwarn):
    with pytest.raises(Undefined) as raised:
        metric(np.array([1.7e308, -1.7e308]), np.array([-1.7e308, 1.7e308]))
    assert raised.value.reason == "the errors overflow float64"
    assert not recwarn


@pytest.mark.parametrize("metric", [mse, mae, r2])
@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(metric, wrong):
    good, bad = np.array([0.0, 1.0]), np.array([0.0, wrong])
    with pytest.raises(ValueError, match=f"prediction must be a finite number, but is {wrong} in row 1"):
        metric(good, bad)
    with pytest.raises(ValueError, match=f"label must be a finite number, but is {wrong} in row 1"):
        metric(bad, good)
