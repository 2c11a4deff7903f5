import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from recmtl.metrics.pr_auc import pr_auc
from recmtl.metrics.undefined import Undefined


def test_by_hand_with_a_tie():
    # thresholds 3, 2 (a tied pair), 1: recall 1/2, 1, 1 at precision 1, 2/3, 1/2
    assert pr_auc(np.array([1, 1, 0, 0]), np.array([3.0, 2.0, 2.0, 1.0])) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@pytest.mark.parametrize("decimals", [1, 2, 12])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_agrees_with_sklearn(decimals, dtype):
    rng = np.random.default_rng(5)
    label = (rng.random(3000) < 0.1).astype(float)
    score = np.round(rng.normal(size=3000) + label, decimals).astype(dtype)
    assert pr_auc(label, score) == pytest.approx(average_precision_score(label, score), abs=1e-12)


def test_a_constant_score_reaches_the_base_rate():
    assert pr_auc(np.array([1, 0, 0, 0, 0]), np.full(5, 0.5)) == 0.2


def test_all_positive_is_defined():
    assert pr_auc(np.ones(3), np.array([0.1, 0.2, 0.2])) == 1


@pytest.mark.parametrize(
    ("rows", "reason"), [(0, "no rows"), (1, "no positives among 1 row"), (9, "no positives among 9 rows")]
)
def test_undefined_without_positives(rows, reason):
    with pytest.raises(Undefined) as raised:
        pr_auc(np.zeros(rows), np.zeros(rows))
    assert raised.value.reason == reason
