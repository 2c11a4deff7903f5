import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from recmtl.metrics.auc import auc, auc_by_group
from recmtl.metrics.calibration import calibration
from recmtl.metrics.gauc import gauc
from recmtl.metrics.log_loss import log_loss
from recmtl.metrics.normalised_entropy import normalised_entropy
from recmtl.metrics.pr_auc import pr_auc
from recmtl.metrics.regression import mae, mse, r2
from recmtl.metrics.scorecard import TaskPredictions, cells, summary
from recmtl.metrics.undefined import Undefined

PATIENT = settings(deadline=None)  # the first example may import pandas, and the machine may be busy
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TIED = st.integers(-3, 3).map(float)
FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def ranked(draw, *more, score=None):
    """Labels with both classes, scores of one kind, then a column for each strategy given."""
    score = draw(st.sampled_from([FINITE, TIED, FLOAT32])) if score is None else score
    rows = draw(st.lists(st.tuples(st.booleans(), score, *more), min_size=0, max_size=40))
    rows += [(label, draw(score), *(draw(one) for one in more)) for label in (True, False)]
    label, scores, *columns = (np.array(column) for column in zip(*rows, strict=True))
    return label, scores, *columns


def midranks(scores):
    """Dense ranks, kept small: a strictly increasing image of the scores that float arithmetic represents exactly."""
    return np.unique(scores, return_inverse=True)[1].astype(float)


def outcome(metric, *arrays):
    """The value, or the reason why there is none."""
    try:
        return metric(*arrays)
    except Undefined as error:
        return error.reason


@PATIENT
@given(ranked())
def test_auc_counts_pairs(data):
    label, score = data
    up, down = score[label][:, None], score[~label][None, :]
    assert auc(label, score) == pytest.approx(((up > down) + 0.5 * (up == down)).mean(), abs=1e-12)


@PATIENT
@given(ranked(score=st.one_of(TIED, FLOAT32)))
def test_auc_and_pr_auc_agree_with_sklearn(data):
    label, score = data
    assert auc(label, score) == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    assert pr_auc(label, score) == pytest.approx(average_precision_score(label, score), abs=1e-12)


@PATIENT
@given(ranked())
def test_only_the_order_of_the_scores_counts(data):
    label, score = data
    rank = midranks(score)
    for image in (rank, rank**3 - 7, np.exp(rank), rank.astype(np.float32)):
        assert auc(label, image) == auc(label, score)
        assert pr_auc(label, image) == pr_auc(label, score)


@PATIENT
@given(ranked())
def test_turning_the_scores_or_the_labels_round_turns_auc_round(data):
    label, score = data
    assert auc(label, -score) == pytest.approx(1 - auc(label, score), abs=1e-12)
    assert auc(~label, score) == pytest.approx(1 - auc(label, score), abs=1e-12)


@PATIENT
@given(ranked(st.integers(0, 5)), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_count(data, random):
    label, score, user = data
    order = list(range(len(label)))
    random.shuffle(order)
    assert auc(label[order], score[order]) == auc(label, score)
    assert pr_auc(label[order], score[order]) == pr_auc(label, score)
    assert outcome(gauc, label[order], score[order], user[order]) == outcome(gauc, label, score, user)


@PATIENT
@given(ranked(st.integers(0, 2**31 - 1)))
def test_gauc_of_one_user_is_auc(data):
    label, score, user = data
    assert gauc(label, score, np.full_like(user, user[0])) == pytest.approx(auc(label, score), abs=1e-12)


@PATIENT
@given(ranked(st.one_of(st.integers(0, 4), st.integers(-(2**40), 2**40))))
def test_gauc_is_the_weighted_mean_of_the_users_own_aucs(data):
    label, score, user = data
    own = {one: outcome(auc, label[user == one], score[user == one]) for one in user.tolist()}
    defined = {one: area for one, area in own.items() if isinstance(area, float)}
    rows = [np.count_nonzero(user == one) for one in defined]
    expected = np.average(list(defined.values()), weights=rows) if defined else "no user has both classes"
    assert outcome(gauc, label, score, user) == (pytest.approx(expected, abs=1e-12) if defined else expected)


@PATIENT
@given(ranked(st.integers(-2, 4)))
def test_groups_are_all_there_once_with_their_counts(data):
    label, score, group = data
    result = auc_by_group(label, score, group)
    for one, rows, positives in zip(result.group, result.rows, result.positives, strict=True):
        assert (rows, positives) == (np.count_nonzero(group == one), np.count_nonzero(label[group == one]))
    assert sorted(result.group.tolist()) == sorted(set(group.tolist()))


@PATIENT
@given(ranked(score=st.floats(0, 1)))
def test_probability_metrics_are_finite_and_the_base_rate_is_the_best_constant(data):
    label, probability = data
    for metric in (log_loss, normalised_entropy, calibration):
        assert 0 <= metric(label, probability) < np.inf
    rate = np.full(len(label), label.mean())
    constant = np.full(len(label), probability[0])
    assert normalised_entropy(label, rate) == pytest.approx(1)
    assert calibration(label, rate) == pytest.approx(1)
    assert normalised_entropy(label, constant) >= 1 - 1e-9


@PATIENT
@given(st.lists(st.tuples(FINITE, FINITE), max_size=20))
def test_regression_metrics_answer_or_say_why_not(rows):
    label, prediction = np.array(rows).reshape(-1, 2).T
    for metric in (mse, mae, r2):
        value = outcome(metric, label, prediction)
        assert isinstance(value, str) or np.isfinite(value)
    if len(rows):
        assert mae(label, label) == mse(label, label) == 0


@PATIENT
@given(ranked(st.integers(0, 3), st.booleans(), score=st.floats(0, 1)))
def test_the_mean_by_rows_weighs_the_domains_by_their_observed_rows(data):
    label, probability, domain, observed = data
    task = TaskPredictions("click", "binary", np.where(observed, label, np.nan), probability)
    found = cells([task], domain, ["a", "b", "c", "d"])
    by_rows = summary(found)[1]
    assert sum(cell["rows"] for cell in found[:-1]) == found[-1]["rows"] == observed.sum()
    for metric in ("auc", "pr_auc", "log_loss", "normalised_entropy", "calibration"):
        terms = [(cell["rows"], cell[metric]) for cell in found[:-1] if cell[metric] is not None]
        assert by_rows["counted"][metric] == len(terms)
        total = sum(rows for rows, _ in terms)
        expected = sum(rows * value for rows, value in terms) / total if terms else None
        assert by_rows[metric] == (pytest.approx(expected) if terms else None)


@PATIENT
@given(ranked(st.integers(0, 3), st.integers(0, 5), score=st.floats(0, 1)))
def test_a_cell_depends_on_its_own_rows_alone(data):
    label, probability, domain, user = data
    whole = cells([TaskPredictions("t", "binary", label, probability)], domain, ["a", "b", "c", "d"], user)
    own = domain == 1
    alone = cells(
        [TaskPredictions("t", "binary", label[own], probability[own])], np.zeros(own.sum(), int), ["b"], user[own]
    )
    assert whole[1] == alone[0]
