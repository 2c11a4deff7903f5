import math
import time

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from recmtl.metrics.auc import auc, auc_by_group
from recmtl.metrics.pr_auc import pr_auc
from recmtl.metrics.ties import CHUNK
from recmtl.metrics.undefined import Undefined


def test_hand_counted_pairs_with_a_tie():
    # positives score 3 and 1, negatives 2 and 1: (3>2), (3>1), (1<2), (1=1) -> 1 + 1 + 0 + 1/2 of 4
    assert auc(np.array([1, 1, 0, 0]), np.array([3.0, 1.0, 2.0, 1.0])) == 2.5 / 4


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scores", ["smooth", "few", "constant", "negative"])
def test_agrees_with_sklearn(scores, dtype):
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, 3000).astype(float)
    smooth = rng.random(3000) * 0.6 + label * 0.3
    score = {
        "smooth": smooth,
        "few": np.round(smooth, 1),
        "constant": np.full(3000, 0.3),
        "negative": np.round(smooth * 200 - 100, 2),
    }[scores].astype(dtype)
    assert auc(label, score) == pytest.approx(roc_auc_score(label, score), abs=1e-12)


def test_neighbouring_float64_scores_are_not_merged():
    low = 0.5
    high = np.nextafter(low, 1)
    assert np.float32(low) == np.float32(high)
    assert auc(np.array([0, 1]), np.array([low, high])) == 1
    assert auc(np.array([1, 0]), np.array([low, high])) == 0


def test_scores_beyond_float32_keep_their_order_without_a_warning(recwarn):
    score = np.array([-1.7e308, -1e-300, 1e-310, 1e300, 1.7e308])
    assert auc(np.array([0, 0, 0, 1, 1]), score) == 1
    assert not recwarn


def test_both_zeros_are_one_score():
    for dtype in (np.float32, np.float64):
        assert auc(np.array([1, 0]), np.array([-0.0, 0.0], dtype)) == 0.5
        assert auc(np.array([1, 0, 0]), np.array([-0.0, 0.0, 1e-300], dtype)) == (0.25 if dtype == np.float64 else 0.5)


def test_integer_scores_and_boolean_labels_are_taken():
    assert auc(np.array([True, False, True]), np.array([3, 2, -1])) == 0.5


@pytest.mark.parametrize(("label", "reason"), [(1, "37 rows"), (0, "37 rows")])
def test_one_class_is_undefined(label, reason):
    with pytest.raises(Undefined) as raised:
        auc(np.full(37, label), np.linspace(0, 1, 37))
    assert raised.value.reason == f"only one class among {reason}"


def test_one_row_is_undefined_in_the_singular():
    with pytest.raises(Undefined, match=r"^The metric is undefined: only one class among 1 row\.$"):
        auc(np.array([1]), np.array([0.5]))


def test_no_rows_is_undefined():
    with pytest.raises(Undefined) as raised:
        auc(np.array([]), np.array([]))
    assert raised.value.reason == "no rows"


@pytest.mark.parametrize(
    ("label", "score", "message"),
    [
        ([0, 1], [0.5, math.nan], "prediction must be a finite number, but is nan in row 1"),
        ([0, 1], [-math.inf, 0.5], "prediction must be a finite number, but is -inf in row 0"),
        ([0, 2], [0.5, 0.5], "label must be 0 or 1, but is 2 in row 1"),
        ([0, math.nan], [0.5, 0.5], "label must be 0 or 1, but is nan in row 1"),
        ([0, 1, 1], [0.5, 0.5], r"equally long, not \(3,\) and \(2,\)"),
        ([[0], [1]], [[0.5], [0.5]], "must be 1-D"),
        (["no", "yes"], [0.5, 0.5], "must be numbers, not <U3"),
    ],
)
def test_bad_arrays_are_refused_with_the_row(label, score, message):
    with pytest.raises(ValueError, match=message):
        auc(np.array(label), np.array(score))


def test_arguments_are_left_as_they_were():
    label, score, group = np.array([0.0, 1.0, 1.0]), np.array([-0.0, 0.5, 0.1], np.float32), np.array([2, 0, 2])
    before = label.tobytes(), score.tobytes(), group.tobytes()
    auc_by_group(label, score, group)
    assert (label.tobytes(), score.tobytes(), group.tobytes()) == before


def test_groups_are_scored_apart(recwarn):
    result = auc_by_group(
        label=np.array([1, 0, 1, 0, 0, 1]),
        prediction=np.array([0.9, 0.1, 0.2, 0.8, 0.7, 0.5]),
        group=np.array([7, 7, 3, 3, 3, 5]),
    )
    assert result.group.tolist() == [3, 5, 7]
    assert np.array_equal(result.auc, [0, math.nan, 1], equal_nan=True)
    assert result.rows.tolist() == [3, 1, 2]
    assert result.positives.tolist() == [1, 1, 1]
    assert not recwarn


@pytest.mark.parametrize(
    "group",
    [
        np.array(["b", "b", "a", "a", "c"]),
        np.array(["b", "b", "a", "a", None], dtype=object),
        np.array([-4, -4, 2**40, 2**40, 0]),
        np.array([1.5, 1.5, 0.5, 0.5, math.nan]),
        np.array([2**31, 2**31, 0, 0, 1]),
    ],
    ids=["strings", "objects", "big integers", "floats", "just too big"],
)
def test_any_key_can_name_a_group(group):
    result = auc_by_group(np.array([1, 0, 1, 0, 1]), np.array([0.9, 0.1, 0.2, 0.8, 0.5]), group)
    scored = dict(zip(result.group.tolist(), result.auc.tolist(), strict=True))
    assert scored[group[0]] == 1
    assert scored[group[2]] == 0
    missing = group[4] is None or group[4] != group[4]
    assert len(scored) == (2 if missing else 3)


def test_no_group_at_all_is_undefined():
    with pytest.raises(Undefined) as raised:
        auc_by_group(np.array([1, 0]), np.array([0.9, 0.1]), np.array([None, None]))
    assert raised.value.reason == "no row has a group"


def test_groups_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"group must be 1-D and as long as label, not \(3,\) beside \(2,\)"):
        auc_by_group(np.array([1, 0]), np.array([0.9, 0.1]), np.array([1, 1, 1]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_million_rows_take_no_loop_over_groups(dtype):
    rng = np.random.default_rng(2)
    label, score, group = rng.integers(0, 2, 1_000_000), rng.random(1_000_000).astype(dtype), rng.permutation(1_000_000)
    start = time.perf_counter()
    auc(label, score)
    auc_by_group(label, score, group // 4)
    assert time.perf_counter() - start < 3


def test_many_rows_with_ties_in_few_groups_agree_with_sklearn():
    rng = np.random.default_rng(3)
    rows = 3 * CHUNK + 1
    score = np.round(rng.random(rows), 3).astype(np.float32)
    label, group = (rng.random(rows) < score).astype(int), np.sort(rng.integers(0, 4, rows))
    found = auc_by_group(label, score, group)
    for name, area in zip(found.group, found.auc, strict=True):
        assert area == pytest.approx(roc_auc_score(label[group == name], score[group == name]), abs=1e-12)
    assert pr_auc(label, score) == pytest.approx(average_precision_score(label, score), abs=1e-12)
