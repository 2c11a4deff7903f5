"""What scikit-learn asks of an estimator, by its own tests and its own tools."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import estimator_checks_generator

from recmtl.estimator import MultiTaskRanker

torch.set_num_threads(1)

TINY = MultiTaskRanker(
    {"name": "shared_bottom", "bottom": [8], "tower": [], "encoder": {"embedding_dim": 2}},
    train={"epochs": 2, "batch_size": 32},
    validation_share=0.5,  # some checks bring twelve rows: of a smaller share all may have one label
)
EXPECTED_TO_FAIL = {
    "check_sample_weight_equivalence_on_dense_data": "a weight multiplies a row's loss: a row of weight 2 is drawn "
    "once for validation and for mini-batches, two equal rows are drawn twice",
}
OF_REGRESSORS = (
    # what these ask holds for us too, but they are run by themselves for regressors alone
    "check_regressor_data_not_an_array",
    "check_regressors_int",
    "check_regressors_no_decision_function",
    "check_supervised_y_no_nan",
)


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(estimator_checks_generator(TINY, expected_failed_checks=EXPECTED_TO_FAIL, mark="xfail", xfail_strict=True)),
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", OF_REGRESSORS)
def test_scikit_learn_accepts_it_as_it_would_a_regressor(check):
    getattr(estimator_checks, check)("MultiTaskRanker", TINY)


def test_a_grid_search_tries_models_and_training_and_finds_the_better(ranker, rows):
    train = {**ranker.train, "epochs": 2}
    useless = {**train, "optimizer": {"name": "sgd", "learning_rate": 1e-9}, "table_optimizer": "sgd"}
    mmoe = {"name": "mmoe", "num_experts": 2, "expert": [8], "tower": []}
    search = GridSearchCV(ranker, {"model": [ranker.model, mmoe], "train": [train, useless]}, cv=2, error_score="raise")
    search.fit(rows.X, rows.y)
    assert search.best_params_["train"] == train
    assert search.best_score_ > max(search.cv_results_["mean_test_score"][1::2]) + 0.05
    assert search.predict(rows.X).shape == (len(rows.X), 2)


def test_a_grid_may_hold_numbers_of_numpy(ranker, rows):
    grid = [{**ranker.model, "bottom": [width]} for width in np.array([4, 8])]
    search = GridSearchCV(ranker.set_params(), {"model": grid}, cv=2, error_score="raise").fit(rows.X, rows.y["click"])
    assert search.best_params_["model"] in grid


def test_cross_validation_scores_unobserved_labels_too(ranker, rows):
    scores = cross_val_score(ranker, rows.X, rows.y, cv=2, error_score="raise")
    assert len(scores) == 2 and min(scores) > 0.5


def test_it_ends_a_pipeline(ranker, rows, fresh):
    scale = make_column_transformer(
        (StandardScaler(), ["price"]), remainder="passthrough", verbose_feature_names_out=False
    )
    pipeline = make_pipeline(scale.set_output(transform="pandas"), clone(ranker))
    pipeline.fit(rows.X, rows.y, multitaskranker__sample_weight=np.ones(len(rows.X)))
    assert pipeline.score(fresh.X, fresh.y) > 0.6


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda fitted: pickle.loads(pickle.dumps(fitted))])
def test_a_copy_predicts_the_same_bits(copied, fitted, fresh):
    assert np.array_equal(copied(fitted).predict(fresh.X), fitted.predict(fresh.X))


def test_a_clone_is_not_fitted_and_has_the_same_parameters(fitted):
    twin = clone(fitted)
    assert not hasattr(twin, "tasks_")
    assert twin.get_params() == fitted.get_params()
