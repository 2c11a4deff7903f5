import numpy as np
import pytest
import torch

from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.schema import Task
from recmtl.testing.planted import planted, planted_schema
from recmtl.training import predict
from recmtl.training.predict import predict_rows, task_predictions

CONFIG = SharedBottomConfig(bottom=(8,), tower=(4,), dropout=0.5)
ROWS = planted(120, seed=0).rows
BATCH = ROWS.batch


def model():
    return Model(CONFIG, planted_schema(), seed=0)


def test_predictions_are_probabilities_of_the_asked_tasks():
    one = model().eval()
    expected = one(BATCH).sigmoid().detach().numpy()
    np.testing.assert_allclose(predict_rows(one, BATCH, [0, 1]), expected, rtol=1e-5)
    np.testing.assert_allclose(predict_rows(one, BATCH, [1])[:, 0], expected[:, 1], rtol=1e-5)
    assert predict_rows(one, BATCH, [1]).shape == (120, 1)


def test_a_regression_is_in_the_units_of_its_labels():
    schema = planted_schema()
    tasks = (Task(name="gain", kind="regression", mean=100.0, std=5.0), schema.tasks[1])
    one = Model(CONFIG, schema.model_copy(update={"tasks": tasks}), seed=0).eval()
    expected = 100 + 5 * one(BATCH, [0]).detach().numpy()
    np.testing.assert_allclose(predict_rows(one, BATCH, [0]), expected, rtol=1e-5)


def test_dropout_is_off_and_the_model_is_left_in_evaluation():
    one = model().train()
    first, second = predict_rows(one, BATCH, [0]), predict_rows(one, BATCH, [0])
    assert np.array_equal(first, second) and not one.training


def test_a_row_gets_the_same_bits_whatever_stands_beside_it(monkeypatch):
    wide = SharedBottomConfig(bottom=(48, 24), tower=(12,))
    one = Model(wide, planted_schema(), seed=0)
    whole = predict_rows(one, BATCH, [0, 1])
    order = torch.randperm(120, generator=torch.Generator().manual_seed(0))
    assert np.array_equal(predict_rows(one, BATCH.take(order), [0, 1]), whole[order.numpy()])
    for rows in (1, 2, 3, 7, 31, 119):
        assert np.array_equal(predict_rows(one, BATCH.take(torch.arange(rows)), [0, 1]), whole[:rows])
        monkeypatch.setattr(predict, "BATCH_ROWS", rows)
        assert np.array_equal(predict_rows(one, BATCH, [0, 1]), whole)


def test_no_rows_give_no_predictions():
    assert predict_rows(model(), BATCH.take(torch.empty(0, dtype=torch.int64)), [0, 1]).shape == (0, 2)


def test_predicting_leaves_a_model_that_can_be_trained_on():
    one = model()
    predict_rows(one, BATCH, [0])
    one.train()(BATCH).sum().backward()
    assert one.tables.grad is not None


@pytest.mark.parametrize("tasks", [(0, 1), (1,)])
def test_labels_stand_beside_predictions_and_are_nan_where_nothing_was_observed(tasks):
    found = task_predictions(model(), ROWS, tasks)
    assert [one.task for one in found] == [planted_schema().task_names[task] for task in tasks]
    for task, one in zip(tasks, found, strict=True):
        observed = BATCH.observed_BT[:, task].numpy()
        assert np.array_equal(np.isnan(one.label), ~observed)
        assert np.array_equal(one.label[observed], BATCH.labels_BT[:, task].numpy()[observed])
        assert one.kind == "binary"
    assert not np.isnan(found[0].prediction).any()


def test_a_task_whose_negatives_were_left_out_is_corrected_and_no_other():
    schema, rate = planted_schema(), 0.05
    thinned = Model(CONFIG, schema.model_copy(update={"negative_rates": {schema.task_names[1]: rate}}), seed=0)
    before, after = predict_rows(model(), BATCH, [0, 1]), predict_rows(thinned, BATCH, [0, 1])
    assert np.array_equal(after[:, 0], before[:, 0])
    p = before[:, 1].astype(np.float64)
    np.testing.assert_allclose(after[:, 1], p * rate / (p * rate + 1 - p), rtol=1e-5)
    assert np.array_equal(predict_rows(thinned, BATCH, [1])[:, 0], after[:, 1])
    assert [one.prediction.tolist() for one in task_predictions(thinned, ROWS, [1])] == [after[:, 1].tolist()]


def test_a_corrected_row_gets_the_same_bits_whatever_stands_beside_it():
    schema = planted_schema()
    one = Model(CONFIG, schema.model_copy(update={"negative_rates": dict.fromkeys(schema.task_names, 0.3)}), seed=0)
    whole = predict_rows(one, BATCH, [0, 1])
    for rows in (1, 2, 3, 7, 31, 119):
        assert np.array_equal(predict_rows(one, BATCH.take(torch.arange(rows)), [0, 1]), whole[:rows])
