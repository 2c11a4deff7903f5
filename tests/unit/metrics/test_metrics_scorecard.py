import json
import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, mean_squared_error, r2_score, roc_auc_score

from recmtl.metrics.gauc import gauc
from recmtl.metrics.scorecard import TaskPredictions, cells, summary

BINARY = ["auc", "pr_auc", "log_loss", "normalised_entropy", "calibration"]


def planted(rows=3000, seed=8):
    """Two tasks over three domains, each observed on its own part of the rows; the third domain has no click."""
    rng = np.random.default_rng(seed)
    domain, user = rng.integers(0, 3, rows), rng.integers(0, 60, rows)
    click = (rng.random(rows) < 0.3).astype(float)
    click[domain == 2] = 0
    watch = rng.normal(size=rows)
    score = np.clip(0.3 + 0.2 * click + rng.normal(0, 0.1, rows), 0, 1).astype(np.float32)
    guess = (watch + rng.normal(0, 0.5, rows)).astype(np.float32)
    click[rng.random(rows) < 0.2] = math.nan
    watch[rng.random(rows) < 0.5] = math.nan
    return (
        [TaskPredictions("click", "binary", click, score), TaskPredictions("watch", "regression", watch, guess)],
        domain,
        user,
    )


def by_name(found):
    return {(cell["task"], cell["domain"]): cell for cell in found}


def test_each_cell_is_what_the_oracles_say_of_its_observed_rows():
    (click, watch), domain, user = planted()
    found = by_name(cells([click, watch], domain, ["a", "b", "c"], user))
    for name, part in (("a", domain == 0), ("b", domain == 1), ("all", domain >= 0)):
        own = part & ~np.isnan(click.label)
        label, score = click.label[own], click.prediction[own].astype(float)
        cell = found["click", name]
        assert (cell["rows"], cell["positives"]) == (own.sum(), label.sum())
        assert cell["auc"] == pytest.approx(roc_auc_score(label, score))
        assert cell["gauc"] == pytest.approx(gauc(label, score, user[own]))
        assert cell["pr_auc"] == pytest.approx(average_precision_score(label, score))
        assert cell["log_loss"] == pytest.approx(log_loss(label, score.clip(1e-15, 1 - 1e-15)))
        assert cell["calibration"] == pytest.approx(score.sum() / label.sum())
        assert cell["undefined"] == {}
        own = part & ~np.isnan(watch.label)
        cell = found["watch", name]
        assert cell["rows"] == own.sum()
        assert cell["mse"] == pytest.approx(mean_squared_error(watch.label[own], watch.prediction[own]))
        assert cell["r2"] == pytest.approx(r2_score(watch.label[own], watch.prediction[own]))


def test_keys_and_cells_come_in_a_stable_order():
    predictions, domain, user = planted()
    found = cells(predictions, domain, ["b", "a", "c"], user)
    assert [(cell["task"], cell["domain"]) for cell in found] == [
        (task, name) for task in ("click", "watch") for name in ("b", "a", "c", "all")
    ]
    head = ["task", "domain", "rows"]
    for cell in found[:4]:
        assert list(cell) == [*head, "positives", "auc", "gauc", *BINARY[1:], "undefined"]
    for cell in found[4:]:
        assert list(cell) == [*head, "mse", "mae", "r2", "undefined"]
    assert "gauc" not in cells(predictions, domain, ["b", "a", "c"])[0]


def test_the_undefined_is_null_with_a_reason():
    predictions, domain, user = planted()
    cell = by_name(cells(predictions, domain, ["a", "b", "c"], user))["click", "c"]
    one_class, none = f"only one class among {cell['rows']} rows", f"no positives among {cell['rows']} rows"
    assert cell["positives"] == 0
    assert cell["undefined"] == {
        "auc": one_class,
        "gauc": "no user has both classes",
        "pr_auc": none,
        "normalised_entropy": one_class,
        "calibration": none,
    }
    assert all(cell[metric] is None for metric in cell["undefined"])
    assert cell["log_loss"] > 0


def test_a_domain_without_rows_has_a_cell():
    found = by_name(cells(planted()[0], np.zeros(3000, int), ["full", "empty"]))
    assert found["click", "empty"]["rows"] == found["click", "empty"]["positives"] == 0
    assert found["click", "empty"]["undefined"] == dict.fromkeys(BINARY, "no rows")
    assert found["watch", "empty"]["undefined"] == dict.fromkeys(["mse", "mae", "r2"], "no rows")


def test_no_rows_at_all_are_no_crash():
    nothing = TaskPredictions("click", "binary", np.array([]), np.array([]))
    found = cells([nothing], np.array([], int), ["a"], np.array([], int))
    assert [cell["rows"] for cell in found] == [0, 0]
    assert summary(found)[0]["auc"] is None
    assert cells([], np.array([], int), []) == []


def test_json_takes_and_gives_back_everything():
    predictions, domain, user = planted()
    found = cells(predictions, domain, ["a", "b", "c"], user)
    for rows in (found, summary(found)):
        assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_what_is_predicted_for_unobserved_rows_does_not_matter():
    (click, _), domain, user = planted()
    wild = np.where(np.isnan(click.label), math.nan, click.prediction)
    other = TaskPredictions("click", "binary", click.label, wild.astype(np.float32))
    names = ["a", "b", "c"]
    assert cells([other], domain, names, user) == cells([click], domain, names, user)


def test_rows_without_a_user_count_for_all_but_gauc():
    (click, _), domain, user = planted()
    known = user >= 20
    named = np.array([f"u{u}" if u >= 20 else None for u in user], dtype=object)
    cell = cells([click], domain, ["a", "b", "c"], named)[-1]
    observed = ~np.isnan(click.label)
    own = observed & known
    assert cell["rows"] == observed.sum()
    assert cell["gauc"] == pytest.approx(gauc(click.label[own], click.prediction[own], user[own]))


def test_many_domains_are_told_apart():
    names = [f"d{i}" for i in range(300)]
    domain = np.random.default_rng(9).permutation(np.repeat(np.arange(300), 2))
    label = domain.astype(float)
    found = cells([TaskPredictions("id", "regression", label, label + 1)], domain, names)
    assert [cell["rows"] for cell in found] == [2] * 300 + [600]
    assert all("constant labels" in cell["undefined"]["r2"] for cell in found[:-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domains": ["a", "all", "c"]}, "domain 1 has the name of the cells over all domains, 'all': rename it"),
        ({"domains": ["a", "b", "a"]}, "domain 'a' is given more than once"),
        ({"domains": ["a", "b"]}, "domain must be a position among 2 domains, but is 2 in row "),
        ({"domain": np.full(3000, -1)}, "domain must be a position among 3 domains, but is -1 in row 0"),
        ({"domain": np.zeros(3000)}, r"domain must be a 1-D array of integer codes, not \(3000,\) of float64"),
        ({"domain": np.zeros(2999, int)}, "task 'click' has 3000 rows, but domain has 2999"),
        ({"user": np.zeros(2999, int)}, r"user must be 1-D and as long as domain, not \(2999,\) beside 3000 rows"),
    ],
)
def test_what_does_not_belong_together_is_refused(change, message):
    predictions, domain, user = planted()
    given = {"predictions": predictions, "domain": domain, "domains": ["a", "b", "c"], "user": user}
    with pytest.raises(ValueError, match=message):
        cells(**(given | change))


def test_a_task_given_twice_is_refused():
    (click, _), domain, _ = planted()
    with pytest.raises(ValueError, match="task 'click' is given more than once"):
        cells([click, click], domain, ["a", "b", "c"])


def test_bad_predictions_are_refused_with_task_and_domain():
    label = np.array([0.0, 1.0])
    diverged = TaskPredictions("like", "binary", label, np.array([0.5, math.nan]))
    with pytest.raises(
        ValueError,
        match="observed rows of task 'like', domain 'b': prediction must be a finite number, but is nan in row 0",
    ):
        cells([diverged], np.array([0, 1]), ["a", "b"])
    logits = TaskPredictions("like", "binary", label, np.array([-1.0, 3.0]))
    with pytest.raises(ValueError, match="observed rows of task 'like', domain 'a': prediction must be a probability"):
        cells([logits], np.array([0, 0]), ["a"])


@pytest.mark.parametrize(
    ("label", "prediction"),
    [
        (np.zeros(2), np.zeros(3)),
        (np.zeros((2, 1)), np.zeros((2, 1))),
        (np.array([1, None]), np.zeros(2)),
    ],
    ids=["lengths", "2-D", "objects"],
)
def test_predictions_of_another_form_are_refused_with_the_task(label, prediction):
    with pytest.raises(ValueError, match="task 'like': label and prediction must be"):
        TaskPredictions("like", "binary", label, prediction)


def test_summary_by_hand():
    def cell(domain, rows, auc):
        return {
            "task": "click",
            "domain": domain,
            "rows": rows,
            "positives": 1,
            "auc": auc,
            "gauc": None,
            "undefined": {},
        }

    found = [cell("a", 10, 0.6), cell("b", 30, 0.8), cell("c", 5, None), cell("all", 45, 0.1)]
    counted = {"auc": 2, "gauc": 0}
    macro, rows = summary(found)
    assert macro == {
        "task": "click",
        "mean": "macro",
        "domains": 3,
        "auc": pytest.approx(0.7),
        "gauc": None,
        "counted": counted,
    }
    assert rows == macro | {"mean": "rows", "auc": pytest.approx((10 * 0.6 + 30 * 0.8) / 40)}


def test_summary_has_two_rows_a_task():
    predictions, domain, user = planted()
    found = cells(predictions, domain, ["a", "b", "c"], user)
    rows = summary(found)
    assert [(row["task"], row["mean"]) for row in rows] == [
        ("click", "macro"),
        ("click", "rows"),
        ("watch", "macro"),
        ("watch", "rows"),
    ]
    assert rows[0]["counted"] == {
        "auc": 2,
        "gauc": 2,
        "pr_auc": 2,
        "log_loss": 3,
        "normalised_entropy": 2,
        "calibration": 2,
    }
    # squared errors add up over rows, so weighting the domains by rows gives back the whole
    assert rows[3]["mse"] == pytest.approx(found[-1]["mse"])
