"""What fit and predict refuse, each in a sentence."""

import numpy as np
import pytest
import torch

from recmtl.deepctr import Shared_Bottom

torch.set_num_threads(1)

LOSSES = ["binary_crossentropy", "mean_squared_error"]
FAST = {"class_name": "Adam", "config": {"learning_rate": 0.01}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"callbacks": [object()]}, ["callbacks are not there", "MultiTaskRanker"]),
        ({"class_weight": {0: 1, 1: 2}}, ["class_weight is not there; sample_weight is"]),
        ({"shuffle": False}, ["shuffle=False"]),
        ({"epochs": 0}, ["epochs must be a whole number of at least 1"]),
        ({"batch_size": 0}, ["batch_size must be a whole number of at least 1"]),
        ({"validation_split": 1}, ["validation_split must be a number of at least 0 and below 1"]),
        ({"validation_split": 0.9999}, ["leaves one of the two parts empty"]),
        ({"validation_data": 3}, ["validation_data must be two things, (x, y)"]),
        ({"sample_weight": [1.0]}, ["sample_weight is of shape (1,)", "each of 1200"]),
        ({"y": [[0, 1], [1, 2]]}, ["X has 1200 rows, and y 2"]),
    ],
)
def test_what_fit_cannot_do_is_refused(change, said, columns, tasks, rows, small, refused):
    model = small(columns, tasks)
    refused(lambda: model.fit(**({"x": rows.X, "y": rows.y, "verbose": 0} | change)), *said)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (lambda click: np.where(np.arange(1200) == 7, 2, click), ["row 7: the label 'click' is 2"]),
        (lambda click: np.zeros(1200), ["'click'", "nothing to learn"]),
        (lambda click: np.array(["yes"] * 1200), ["'click'", "not a number"]),
        (lambda click: np.full(1200, np.nan), ["'click' is observed in no training row"]),
    ],
)
def test_labels_that_are_none_are_refused(label, said, columns, tasks, rows, small, refused):
    model = small(columns, tasks)
    refused(lambda: model.fit(rows.X, [label(rows.click), rows.minutes], verbose=0), *said)


def test_no_callbacks_may_be_said_in_many_ways(columns, tasks, rows, small):
    for none in (None, [], ()):
        small(columns, tasks).fit(rows.X, rows.y, callbacks=none, verbose=0, batch_size=1200)


def test_steps_out_of_order_are_refused(columns, tasks, rows, refused):
    model = Shared_Bottom(columns, **tasks)
    refused(lambda: model.fit(rows.X, rows.y), "has not been compiled yet", "Call compile first")
    model.compile("adam", loss=LOSSES)
    refused(lambda: model.predict(rows.X), "has not been fitted yet")
    refused(lambda: model.evaluate(rows.X, rows.y), "has not been fitted yet")
    model.fit(rows.X, rows.y, verbose=0, batch_size=1200)
    refused(lambda: model.fit(rows.X, rows.y, verbose=0), "fitted before", "Make a new one")


def test_an_id_beyond_the_vocabulary_is_refused_when_scoring_too(trained, fresh, refused):
    wrong = fresh.X | {"item": np.where(np.arange(600) == 5, 20, fresh.X["item"])}
    refused(lambda: trained[0].predict(wrong), "X['item'], row 5: the id is 20", "vocabulary_size=20")
