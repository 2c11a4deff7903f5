import math

import numpy as np
import pytest

from recmtl.errors import RecmtlError
from recmtl.metrics.scorecard import TaskPredictions, cells
from recmtl.metrics.skill import skills, task_skill
from recmtl.metrics.undefined import Undefined

NAN = math.nan
CLICK = TaskPredictions("click", "binary", np.array([1.0, 0, 0, NAN]), np.array([0.5, 0.4, 0.6, 0.9]))
WATCH = TaskPredictions("watch", "regression", np.array([1.0, 3.0, NAN, NAN]), np.array([1.0, 2.0, 9.0, 9.0]))
LIKE = TaskPredictions("like", "binary", np.array([0.0, 0, NAN, NAN]), np.array([0.1, 0.2, 0.3, 0.4]))
UNSEEN = TaskPredictions("share", "regression", np.full(4, NAN), np.zeros(4))


def test_skill_is_auc_or_r2_of_the_observed_rows():
    assert task_skill(CLICK) == 0.5
    assert task_skill(WATCH) == pytest.approx(1 - 0.5 / 1)


def test_skill_of_a_cell_is_the_same_number():
    found = [
        cell for cell in cells([CLICK, WATCH, LIKE], np.array([0, 1, 1, 0]), ["a", "b"]) if cell["domain"] == "all"
    ]
    assert [cell["auc"] if "auc" in cell else cell["r2"] for cell in found] == list(
        skills([CLICK, WATCH, LIKE]).values()
    )


def test_an_undefined_one_is_none_beside_the_others():
    found = skills([CLICK, LIKE, WATCH, UNSEEN])
    assert found == {"click": task_skill(CLICK), "like": None, "watch": task_skill(WATCH), "share": None}


def test_all_undefined_is_undefined_with_every_reason():
    with pytest.raises(Undefined) as raised:
        skills(iter([LIKE, UNSEEN]))
    assert raised.value.reason == "like: only one class among 2 rows; share: no rows"


def test_no_tasks_is_undefined():
    with pytest.raises(Undefined) as raised:
        skills([])
    assert raised.value.reason == "no tasks"


def test_undefined_is_explained_to_the_user_when_nobody_catches_it():
    with pytest.raises(RecmtlError, match=r"^The metric is undefined: only one class among 2 rows\.$") as raised:
        task_skill(LIKE)
    assert raised.value.exit_code == 3


def test_a_diverged_model_is_refused_with_the_task():
    diverged = TaskPredictions("click", "binary", np.array([1.0, 0]), np.array([NAN, NAN]))
    with pytest.raises(ValueError, match="observed rows of task 'click': prediction must be a finite number"):
        skills([WATCH, diverged])
