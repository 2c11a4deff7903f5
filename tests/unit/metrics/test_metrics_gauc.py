import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from recmtl.metrics.gauc import gauc
from recmtl.metrics.undefined import Undefined


def test_users_weigh_as_many_as_they_have_rows():
    # user 1: AUC 1 of 2 rows; user 2: AUC 1/2 of 3 rows; user 3 has one class and does not count
    label = np.array([1, 0, 1, 0, 0, 1, 1])
    score = np.array([0.9, 0.1, 0.5, 0.4, 0.6, 0.3, 0.2])
    user = np.array([1, 1, 2, 2, 2, 3, 3])
    assert gauc(label, score, user) == pytest.approx((2 * 1 + 3 * 0.5) / 5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_agrees_with_a_loop_over_sklearn(dtype):
    rng = np.random.default_rng(3)
    user = rng.zipf(1.3, 5000).clip(max=700)
    label = rng.random(5000) < 0.2
    score = np.round(rng.random(5000) + 0.2 * label, 2).astype(dtype)
    areas, rows = [], []
    for one in np.unique(user):
        own = user == one
        if 0 < label[own].sum() < own.sum():
            areas.append(roc_auc_score(label[own], score[own]))
            rows.append(own.sum())
    assert len(areas) > 100
    assert gauc(label, score, user) == pytest.approx(np.average(areas, weights=rows), abs=1e-12)


def test_how_users_are_named_does_not_matter():
    rng = np.random.default_rng(4)
    user, label, score = rng.integers(0, 50, 500), rng.integers(0, 2, 500), rng.random(500)
    named = np.array([f"user {u}" for u in user])
    expected = gauc(label, score, user)
    for ids in (named, named.astype(object), user - 25, user * 2**40, user.astype(np.uint8)):
        assert gauc(label, score, ids) == pytest.approx(expected, abs=1e-12)


def test_rows_without_a_user_are_left_out():
    label, score = np.array([1, 0, 1, 0]), np.array([0.9, 0.1, 0.2, 0.8])
    assert gauc(label, score, np.array(["a", "a", None, None], dtype=object)) == 1


@pytest.mark.parametrize("user", [[1, 2, 3], [1, 1, 2]])
def test_undefined_without_a_user_of_both_classes(user):
    with pytest.raises(Undefined) as raised:
        gauc(np.array([1, 1, 0]), np.array([0.1, 0.2, 0.3]), np.array(user))
    assert raised.value.reason == "no user has both classes"


def test_undefined_without_rows():
    with pytest.raises(Undefined) as raised:
        gauc(np.array([]), np.array([]), np.array([], dtype=int))
    assert raised.value.reason == "no rows"
