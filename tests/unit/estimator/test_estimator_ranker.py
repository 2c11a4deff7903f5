"""What a user sees of the estimator: it learns, says what it found, keeps its hands off, and refuses with a reason."""

import copy
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score, roc_auc_score

from recmtl.errors import ConfigError, DataError

torch.set_num_threads(1)


# what it learns


def test_it_learns_what_was_planted(fitted, fresh):
    predicted, seen = fitted.predict(fresh.X), fresh.y["watched"].notna()
    assert roc_auc_score(fresh.y["click"], predicted[:, 0]) > 0.85
    assert r2_score(fresh.y["watched"][seen], predicted[seen, 1]) > 0.6


def test_it_says_what_it_found(fitted, rows):
    schema = fitted.schema_
    assert fitted.tasks_ == ["click", "watched"]
    assert [task.kind for task in schema.tasks] == ["binary", "regression"]
    kinds = {feature.name: feature.kind for feature in schema.features}
    assert kinds == {
        "item": "categorical", "city": "categorical", "country": "categorical", "mobile": "categorical",
        "price": "number", "history": "sequence",
    }  # fmt: skip
    assert schema.tables["item"] == rows.X["item"].nunique() + 3
    assert fitted.n_features_in_ == 6 and list(fitted.feature_names_in_) == list(rows.X.columns)
    scores = [record["score"] for record in fitted.history_]
    assert len(scores) > 1 and scores[fitted.best_epoch_] == max(scores)


def test_the_model_is_that_of_the_best_epoch(ranker, rows):
    """Trained on long after validation got worse, it would predict something else."""
    short = clone(ranker).set_params(train={**ranker.train, "epochs": 20, "patience": 20, "batch_size": 16})
    short.fit(rows.X[:200], rows.y[:200])
    assert short.best_epoch_ < len(short.history_) - 1
    again = clone(short).set_params(train={**short.train, "epochs": short.best_epoch_ + 1})
    assert np.array_equal(again.fit(rows.X[:200], rows.y[:200]).predict(rows.X), short.predict(rows.X))


def test_probabilities_and_bounds_are_kept(ranker, rows, fresh):
    y = pd.DataFrame({"click": rows.y["click"], "share": (rows.y["watched"] / 10).clip(0, 1)})
    predicted = clone(ranker).set_params(tasks={"share": {"bounds": [0, 1]}}).fit(rows.X, y).predict(fresh.X)
    assert predicted.min() >= 0 and predicted.max() <= 1


def test_the_kind_of_a_task_can_be_told(ranker, rows):
    counts = rows.y["click"]
    assert clone(ranker).fit(rows.X, counts).schema_.tasks[0].kind == "binary"
    told = clone(ranker).set_params(tasks={"click": "regression"})
    assert told.fit(rows.X, counts).schema_.tasks[0].kind == "regression"


def test_heavy_rows_decide(ranker, rows, fresh):
    """Half of the rows lie: the model believes those that have weight."""
    lies = np.arange(len(rows.X)) % 2 == 0
    y = np.where(lies, 1 - rows.y["click"], rows.y["click"])
    ranker = clone(ranker).set_params(validation_share=0.1, train={**ranker.train, "patience": 6})
    honest = ranker.fit(rows.X, y, sample_weight=np.where(lies, 0.0, 1.0)).predict(fresh.X)
    assert roc_auc_score(fresh.y["click"], honest) > 0.8
    liar = ranker.fit(rows.X, y, sample_weight=np.where(lies, 1.0, 0.0)).predict(fresh.X)
    assert roc_auc_score(fresh.y["click"], liar) < 0.2


def test_equal_weights_change_nothing(ranker, rows, fresh, fitted):
    weighted = clone(ranker).fit(rows.X, rows.y, sample_weight=[1] * len(rows.X))
    assert np.array_equal(weighted.predict(fresh.X), fitted.predict(fresh.X))


# shapes and names


@pytest.mark.parametrize(
    ("y", "shape"),
    [
        (lambda y: y["click"], (400,)),
        (lambda y: y["click"].tolist(), (400,)),
        (lambda y: y[["click"]], (400, 1)),
        (lambda y: y[["click"]].to_numpy(), (400, 1)),
        (lambda y: y, (400, 2)),
        (lambda y: y.to_numpy(), (400, 2)),
    ],
)
def test_predictions_have_the_shape_of_y(y, shape, ranker, rows, fresh):
    predicted = clone(ranker).set_params(train={**ranker.train, "epochs": 1}).fit(rows.X, y(rows.y)).predict(fresh.X)
    assert predicted.shape == shape and predicted.dtype == np.float32


def test_the_index_of_the_frames_does_not_matter(ranker, rows, fresh, fitted):
    odd = clone(ranker).fit(rows.X.set_axis([7] * len(rows.X)), rows.y.set_axis(range(5, 5 + len(rows.y))))
    assert np.array_equal(odd.predict(fresh.X.iloc[::-1])[::-1], fitted.predict(fresh.X))


def test_columns_are_found_by_name(fitted, fresh):
    assert np.array_equal(fitted.predict(fresh.X[fresh.X.columns[::-1]]), fitted.predict(fresh.X))
    with pytest.raises(ValueError, match="now missing:\n- city"):
        fitted.predict(fresh.X.drop(columns="city"))
    with pytest.raises(ValueError, match="unseen at fit time:\n- town"):
        fitted.predict(fresh.X.rename(columns={"city": "town"}))


def test_the_columns_of_an_array_have_names_too(ranker, rows, fresh):
    X, new = rows.X[["item", "price"]].to_numpy(), fresh.X[["item", "price"]].to_numpy()
    plain = clone(ranker).set_params(categorical=["x0"]).fit(X, rows.y["click"])
    assert [(feature.name, feature.kind) for feature in plain.schema_.features] == [
        ("x0", "categorical"),
        ("x1", "number"),
    ]
    assert not hasattr(plain, "feature_names_in_")
    named = clone(ranker).set_params(categorical=["x0"])
    frames = [pd.DataFrame(array).set_axis(["x0", "x1"], axis=1) for array in (X, new)]
    assert np.array_equal(named.fit(frames[0], rows.y["click"]).predict(frames[1]), plain.predict(new))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert np.array_equal(named.predict(new), plain.predict(new))


def test_a_table_of_arrow_is_a_frame(ranker, rows, fresh, fitted):
    table = clone(ranker).fit(pa.Table.from_pandas(rows.X), rows.y)
    assert np.array_equal(table.predict(pa.Table.from_pandas(fresh.X)), fitted.predict(fresh.X))


def test_any_name_of_a_column_will_do(ranker, rows):
    names = ["row", "part", "a/b: =c", ".Hidden", ".hidden", "click", "sample_weight", "x" * 300, "", "split:part"]
    X = pd.DataFrame(np.random.default_rng(0).random((len(rows.X), len(names))), columns=names)
    ranker = clone(ranker).set_params(categorical=None, train={**ranker.train, "epochs": 1})
    odd = ranker.fit(X, rows.y, sample_weight=np.ones(len(X)))
    assert len({feature.name for feature in odd.schema_.features}) == len(names)
    assert np.isfinite(odd.predict(X)).all()


# values at prediction


def test_missing_and_unseen_values_are_each_one_thing(fitted, fresh):
    X = fresh.X[:50]
    cities = [X.assign(city=value) for value in ("Rome", "Oslo", None, np.nan)]
    rome, oslo, none, nan = (fitted.predict(frame) for frame in cities)
    assert np.array_equal(rome, oslo) and np.array_equal(none, nan)
    assert not np.array_equal(rome, none)
    assert not np.array_equal(rome, fitted.predict(X))
    emptied = X.assign(history=[None] * len(X))
    assert np.array_equal(fitted.predict(emptied), fitted.predict(X.assign(history=[[] for _ in range(len(X))])))


@pytest.mark.parametrize("dtype", ["float64", "Int64", "object", "category", "str", "int8"])
def test_a_category_is_the_same_whatever_type_holds_it_today(dtype, fitted, fresh):
    """Integers become floats as soon as one is missing."""
    as_today = fitted.predict(fresh.X.assign(item=fresh.X["item"].astype(dtype)))
    assert np.array_equal(as_today, fitted.predict(fresh.X))


def test_an_unknown_domain_is_refused_unless_the_user_says_what_it_is(ranker, rows, fresh):
    ranker = clone(ranker).set_params(domain="country").fit(rows.X, rows.y)
    assert ranker.schema_.domains == ("de", "fr")
    X = fresh.X.assign(country=["it" if row == 3 else "fr" for row in range(len(fresh.X))])
    with pytest.raises(ValueError, match=r"X, row 3: the domain column 'country' is 'it'.*unknown_domain"):
        ranker.predict(X)
    with pytest.raises(ValueError, match=r"row 0: the domain column 'country' is missing"):
        ranker.predict(X.assign(country=None))
    with pytest.raises(ValueError, match=r"unknown_domain is 'fra'.*did you mean 'fr'"):
        clone(ranker).set_params(unknown_domain="fra").fit(rows.X, rows.y)
    each = [ranker.set_params(unknown_domain=domain).predict(X) for domain in ("de", "fr")]
    mean = ranker.set_params(unknown_domain="mean").predict(X)
    assert np.allclose(mean[3], (each[0][3] + each[1][3]) / 2, rtol=1e-6)
    known = np.arange(len(X)) != 3
    assert np.array_equal(mean[known], each[0][known])


# hands off, and the same again


def test_the_callers_things_stay_as_they_were(ranker, rows):
    X, y, weight = copy.deepcopy(rows.X), rows.y.copy(), np.ones(len(rows.X))
    params = copy.deepcopy(ranker.get_params())
    torch_state, numpy_state, threads = torch.get_rng_state(), np.random.get_state()[1].copy(), torch.get_num_threads()
    clone(ranker).set_params(random_state=None).fit(X, y, weight).predict(X)
    pd.testing.assert_frame_equal(X, rows.X)
    pd.testing.assert_frame_equal(y, rows.y)
    assert np.array_equal(weight, np.ones(len(X))) and ranker.get_params() == params
    assert torch.equal(torch.get_rng_state(), torch_state) and torch.get_num_threads() == threads
    assert np.array_equal(np.random.get_state()[1], numpy_state)


def test_the_seed_decides(ranker, rows, fresh, fitted):
    torch.manual_seed(123)
    again = clone(ranker).fit(rows.X, rows.y).predict(fresh.X)
    assert np.array_equal(again, fitted.predict(fresh.X))
    other = clone(ranker).set_params(random_state=1).fit(rows.X, rows.y).predict(fresh.X)
    assert not np.array_equal(again, other)
    one, two = (clone(ranker).set_params(random_state=np.random.RandomState(5)) for _ in range(2))
    assert np.array_equal(one.fit(rows.X, rows.y).predict(fresh.X), two.fit(rows.X, rows.y).predict(fresh.X))
    first, second = (clone(ranker).set_params(random_state=None).fit(rows.X, rows.y).predict(fresh.X) for _ in range(2))
    assert not np.array_equal(first, second)


def test_a_fit_that_fails_leaves_nothing_to_predict_with(ranker, rows):
    ranker = clone(ranker).fit(rows.X, rows.y)
    with pytest.raises(ValueError):
        ranker.fit(rows.X, np.full(len(rows.X), np.nan))
    with pytest.raises(NotFittedError):
        ranker.predict(rows.X)


# score


def test_the_score_is_the_mean_skill_over_observed_rows(fitted, fresh):
    predicted, seen = fitted.predict(fresh.X), fresh.y["watched"].notna()
    expected = [roc_auc_score(fresh.y["click"], predicted[:, 0]),
                r2_score(fresh.y["watched"][seen], predicted[seen, 1])]  # fmt: skip
    assert fitted.score(fresh.X, fresh.y) == pytest.approx(np.mean(expected), abs=1e-12)
    assert fitted.score(fresh.X, fresh.y[["watched", "click"]]) == fitted.score(fresh.X, fresh.y)
    assert fitted.score(fresh.X, fresh.y.to_numpy()) == fitted.score(fresh.X, fresh.y)


def test_a_weight_in_the_score_is_so_many_rows(fitted, fresh):
    times = np.random.default_rng(0).integers(0, 4, len(fresh.X))
    where = np.repeat(np.arange(len(fresh.X)), times)
    repeated = fitted.score(fresh.X.iloc[where], fresh.y.iloc[where])
    assert fitted.score(fresh.X, fresh.y, sample_weight=times) == pytest.approx(repeated, abs=1e-9)
    assert repeated != pytest.approx(fitted.score(fresh.X, fresh.y), abs=1e-6)


def test_a_task_without_a_skill_is_left_out_and_none_at_all_is_refused(fitted, fresh):
    clicks = fresh.y["click"] == 1  # here every label of the one task is 1
    watched = r2_score(fresh.y["watched"][clicks], fitted.predict(fresh.X[clicks])[:, 1])
    assert fitted.score(fresh.X[clicks], fresh.y[clicks]) == pytest.approx(watched, abs=1e-12)
    with pytest.raises(ValueError, match="no task has a score: click: only one class"):
        fitted.score(fresh.X[clicks], fresh.y[clicks].assign(watched=np.nan))


# refusals


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"model": {"name": "mmoe", "num_expert": 3}}, "model.num_expert is not a known key (did you mean"),
        ({"model": "mmo"}, "model is 'mmo', which is no model (did you mean 'mmoe'?)"),
        ({"train": {"epochs": 0, "batch": 3}}, "train.batch is not a known key (did you mean 'batch_size'?)"),
        ({"train": {"seed": 3}}, "it is the parameter random_state"),
        ({"split": {"valid_share": 0.3}}, "it is the parameter validation_share"),
        ({"split": {"name": "group"}}, "'name' means nothing here"),
        ({"split": {"knots": 1}}, "split.knots"),
        ({"validation_share": 1.0}, "validation_share must be less than 1"),
        ({"random_state": -1}, "random_state"),
        ({"categorical": "item"}, "categorical must be a list"),
        ({"categorical": ["itm"]}, "categorical names 'itm', which is no column of X (did you mean 'item'?)"),
        ({"domain": "land"}, "domain names 'land'"),
        ({"tasks": {"clik": "binary"}}, "tasks names 'clik' (did you mean 'click'?)"),
        ({"tasks": {"click": "ordinal"}}, "tasks.click.kind"),
        ({"tasks": {"click": {"kind": "binary", "bounds": [0, 1]}}}, "tasks.click is not valid: the bounds"),
        ({"train": {"losses": {"clik": "focal"}}}, "train.losses names the task 'clik' (did you mean 'click'?)"),
        ({"train": {"balance": {"name": "fixed", "weights": {"clik": 2}}}}, "'clik'"),
    ],
)  # fmt: skip
def test_a_parameter_is_refused_in_the_words_of_a_config(parameters, words, ranker, rows):
    with pytest.raises(ValueError) as refused:
        clone(ranker).set_params(**parameters).fit(rows.X, rows.y)
    assert isinstance(refused.value, ConfigError) and words in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X: X.assign(price=np.where(np.arange(len(X)) == 5, np.inf, 1.0)), "X, row 5: 'price' is inf"),
        (lambda X: X.assign(price=np.where(np.arange(len(X)) == 5, 1e39, 1.0)), "X, row 5: 'price' is 1e+39"),
        (lambda X: X.assign(day=pd.Timestamp("2024-01-01")), "the column 'day' is of type datetime64"),
        (lambda X: X.assign(odd=[{}] * len(X)), "X, row 0: 'odd' is a dict"),
        (lambda X: X.assign(odd=[[{}]] * len(X)), "X, row 0: 'odd' is a dict"),
        (lambda X: X.assign(odd=[["a"], "a"] * (len(X) // 2)), "X, row 1: 'odd' is a str; it must be a list"),
        (lambda X: X.assign(odd=pd.Series(["\ud800"] * len(X), dtype=object)), "'odd' holds half a character"),
        (lambda X: pd.concat([X, X[["city"]]], axis=1), "two columns called 'city'"),
        (lambda X: X.assign(country=[None] + ["de"] * (len(X) - 1)), "row 0: the domain column 'country' is missing"),
        (lambda X: X.assign(country="all"), "a domain is called 'all'"),
    ],
)
def test_a_value_of_x_is_refused_with_its_place(change, words, ranker, rows):
    with pytest.raises(ValueError) as refused:
        clone(ranker).set_params(domain="country").fit(change(rows.X), rows.y)
    assert isinstance(refused.value, DataError) and words in str(refused.value)


@pytest.mark.parametrize(
    ("price", "words"),
    [("cheap", "row 0: 'price' is 'cheap', which is not a number"), (np.inf, "X, row 0: 'price' is inf")],
)
def test_predict_refuses_what_fit_would(price, words, fitted, fresh):
    with pytest.raises(ValueError, match=words):
        fitted.predict(fresh.X.assign(price=price))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y: y.assign(click=y["click"].astype(str)), "Unknown label type"),
        (lambda y: y.assign(click=np.inf), "row 0: the label 'click' is inf"),
        (lambda y: y.assign(click=np.nan), "the task 'click' is observed in no training row"),
        (lambda y: y.assign(click=0.0), "the task 'click' has the label 0 in all"),
        (lambda y: y.rename(columns={"click": "a/b"}), "no task can be called 'a/b'"),
        (lambda y: y.rename(columns={"click": "Part"}), "no task can be called 'Part'"),
        (lambda y: y.rename(columns={"click": "watched"}), "two columns are called 'watched'"),
        (lambda y: y[:-1], "inconsistent numbers of samples"),
        (lambda y: y.iloc[:, :0], "y has no column"),
        (lambda y: np.zeros((len(y), 2, 2)), "y must be 1-D, or 2-D"),
    ],
)
def test_labels_are_refused_with_their_place(change, words, ranker, rows):
    with pytest.raises(ValueError, match=words):
        clone(ranker).fit(rows.X, change(rows.y))


@pytest.mark.parametrize(
    ("weight", "words"),
    [(-1.0, "row 0: sample_weight is -1"), (np.nan, "row 0: sample_weight is nan"), (0.0, "zero in all rows")],
)
def test_weights_are_refused(weight, words, ranker, rows):
    with pytest.raises(ValueError, match=words):
        clone(ranker).fit(rows.X, rows.y, sample_weight=np.full(len(rows.X), weight))


def test_too_few_rows_are_told_what_to_do(ranker, rows):
    small = clone(ranker).set_params(validation_share=0.1)
    with pytest.raises(ValueError, match=r"of 4 samples none is left for validation.*larger validation_share"):
        small.fit(rows.X[:4], [0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"no task has a validation score.*larger validation_share"):
        small.fit(rows.X[:6], [0, 1, 0, 1, 0, 1])


def test_scores_are_asked_of_the_tasks_that_were_fitted(fitted, fresh):
    with pytest.raises(ValueError, match=r"y has no column 'click' \(did you mean 'clicks'"):
        fitted.score(fresh.X, fresh.y.rename(columns={"click": "clicks"}))
    with pytest.raises(ValueError, match="y has 1 columns; the model was fitted to the tasks click, watched"):
        fitted.score(fresh.X, fresh.y["click"])


def test_no_warning_is_given_for_what_is_right(ranker, rows, fresh):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(ranker).fit(rows.X, rows.y, np.ones(len(rows.X))).score(fresh.X, fresh.y)


# the import


def test_the_package_waits_with_torch_and_pandas_until_it_is_asked():
    program = (
        "import sys, recmtl\n"
        "assert not {'torch', 'pandas', 'sklearn'} & set(sys.modules)\n"
        "from recmtl import MultiTaskRanker\n"
        "assert MultiTaskRanker.__name__ == 'MultiTaskRanker' and 'torch' in sys.modules\n"
        "assert not hasattr(recmtl, 'MultiTaskRankr')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
