import math

import numpy as np
import pytest
from sklearn.metrics import log_loss as sklearn_log_loss

from recmtl.metrics.calibration import calibration
from recmtl.metrics.log_loss import log_loss
from recmtl.metrics.normalised_entropy import normalised_entropy
from recmtl.metrics.undefined import Undefined


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_agrees_with_sklearn(dtype):
    rng = np.random.default_rng(6)
    label, probability = rng.integers(0, 2, 2000), rng.uniform(1e-6, 1 - 1e-6, 2000).astype(dtype)
    expected = sklearn_log_loss(label, probability.astype(float))
    assert log_loss(label, probability) == pytest.approx(expected, rel=1e-12)


def test_log_loss_of_one_class_is_defined():
    assert log_loss(np.zeros(4), np.full(4, 0.25)) == pytest.approx(-math.log(0.75))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sure_predictions_are_clipped_at_1e_15(dtype):
    sure = np.array([0, 1], dtype)
    assert log_loss(np.array([1, 0]), sure) == pytest.approx(-math.log(1e-15), rel=1e-12)
    assert 0 < log_loss(np.array([0, 1]), sure) < 1.2e-15


def test_predicting_the_base_rate_has_normalised_entropy_one():
    label = np.array([1, 0, 0, 1, 0])
    assert normalised_entropy(label, np.full(5, 0.4)) == pytest.approx(1)
    assert normalised_entropy(label, np.full(5, 0.7)) > 1
    assert normalised_entropy(label, np.where(label == 1, 0.6, 0.3)) < 1


def test_normalised_entropy_by_hand():
    label, probability = np.array([1, 0, 0, 0]), np.array([0.5, 0.5, 0.25, 0.25])
    loss = -(2 * math.log(0.5) + 2 * math.log(0.75)) / 4
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert normalised_entropy(label, probability) == pytest.approx(loss / entropy)


def test_calibration_is_expected_over_observed():
    label, probability = np.array([1, 0, 0, 1]), np.array([0.9, 0.5, 0.7, 0.9])
    assert calibration(label, probability) == pytest.approx(3 / 2)
    assert calibration(np.ones(2), np.full(2, 0.25, np.float32)) == 0.25


def test_calibration_sums_float32_in_float64():
    rows = 3_000_000
    assert calibration(np.ones(rows), np.full(rows, 0.1, np.float32)) == pytest.approx(
        float(np.float32(0.1)), rel=1e-10
    )


@pytest.mark.parametrize(
    ("metric", "label", "reason"),
    [
        (log_loss, [], "no rows"),
        (normalised_entropy, [], "no rows"),
        (normalised_entropy, [1, 1, 1], "only one class among 3 rows"),
        (normalised_entropy, [0], "only one class among 1 row"),
        (calibration, [], "no rows"),
        (calibration, [0, 0], "no positives among 2 rows"),
    ],
)
def test_undefined_with_the_reason(metric, label, reason):
    with pytest.raises(Undefined) as raised:
        metric(np.array(label), np.full(len(label), 0.5))
    assert raised.value.reason == reason


@pytest.mark.parametrize("metric", [log_loss, normalised_entropy, calibration])
@pytest.mark.parametrize("wrong", [-0.1, 1.5])
def test_what_is_no_probability_is_refused(metric, wrong):
    with pytest.raises(ValueError, match=rf"prediction must be a probability in \[0, 1\], but is {wrong} in row 1"):
        metric(np.array([0, 1]), np.array([0.5, wrong]))


@pytest.mark.parametrize("metric", [log_loss, normalised_entropy, calibration])
def test_nan_is_refused(metric):
    with pytest.raises(ValueError, match="prediction must be a finite number, but is nan in row 0"):
        metric(np.array([0, 1]), np.array([math.nan, 0.5]))
