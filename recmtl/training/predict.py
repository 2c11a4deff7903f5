"""Predictions of a model for batches and whole parts."""

from collections.abc import Sequence
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray

from recmtl.batch import Batch
from recmtl.data.order import as_they_lie
from recmtl.data.rows import Rows
from recmtl.metrics.predictions import TaskPredictions
from recmtl.models.model import Model
from recmtl.nn.link import predict
from recmtl.nn.products import fast_products
from recmtl.training.interrupt import stop_if_asked

BATCH_ROWS = 4096
PADDED_TO = 64
"""Batches are filled up to a multiple of this: matrix products treat the rows behind the last full tile in another way,
and a row's prediction would depend in its last bits on where it stands.
"""
SMALL_PRODUCT = 16**3
"""Products of so many multiplications or less torch computes by other means than larger ones, with other last bits."""


def predict_rows(model: Model, rows: Batch, tasks: Sequence[int]) -> NDArray[np.float32]:
    """predictions_BT of the asked tasks, in the units of their labels. The model is left in evaluation mode.

    Where negatives were left out of the training rows, probabilities are those among all rows: here alone a model's
    logits become predictions, for validation, scorecards and new rows alike.

    A row gets the same bits whatever rows stand beside it.
    """
    model.eval()
    if model.routes.domains == 1:
        return _predicted(model, rows, tasks)
    # a domain's rows pass parts of their own: apart, they are filled up as all rows are
    order_B, rows_D = rows.domain_B.argsort(stable=True), rows.domain_B.bincount().tolist()
    of_domain = [_predicted(model, rows.take(index_B), tasks) for index_B in order_B.split(rows_D) if len(index_B)]
    prediction_BT = np.empty((len(rows), len(tasks)), np.float32)
    prediction_BT[order_B.numpy()] = np.concatenate(of_domain) if of_domain else prediction_BT
    return prediction_BT


@fast_products()
@torch.inference_mode()
def _predicted(model: Model, rows: Batch, tasks: Sequence[int]) -> NDArray[np.float32]:
    schema = model.schema
    links = [(schema.tasks[task], schema.negative_rates.get(schema.tasks[task].name, 1.0)) for task in tasks]
    pieces, least = [], _least_rows(model)
    for start in range(0, max(len(rows), 1), BATCH_ROWS):
        some = rows.span(start, min(start + BATCH_ROWS, len(rows)))
        logits_BT = model(_filled_up(some, least).to(model.device), tasks)[: len(some)].cpu()
        columns = [predict(logits_BT[:, place], task, rate) for place, (task, rate) in enumerate(links)]
        pieces.append(torch.stack(columns, dim=1))
    return torch.cat(pieces).numpy()


def _filled_up(rows: Batch, least: int) -> Batch:
    """With copies of the first row behind them, to a multiple of PADDED_TO; no rows stay none."""
    size = max(ceil(len(rows) / PADDED_TO) * PADDED_TO, least) if len(rows) else 0
    if size == len(rows):
        return rows
    return rows.take(torch.cat([torch.arange(len(rows)), torch.zeros(size - len(rows), dtype=torch.int64)]))


def _least_rows(model: Model) -> int:
    """Rows with which no product of a layer is small: else one row alone would get other bits than among many."""
    smallest = min(weight.shape[-2] * weight.shape[-1] for weight in model.dense_weights().values() if weight.ndim > 1)
    return ceil((SMALL_PRODUCT + 1) / smallest / PADDED_TO) * PADDED_TO


def task_predictions(model: Model, rows: Rows, tasks: Sequence[int]) -> list[TaskPredictions]:
    """Of a whole part, with labels beside them, NaN where a task was not observed, as metrics read them.

    Raises:
        Interrupted: a signal came.
    """
    predicted, labels = [], []
    for batch in rows.batches(as_they_lie(rows.group_sizes), BATCH_ROWS):
        predicted.append(predict_rows(model, batch, tasks))
        labels.append(torch.where(batch.observed_BT, batch.labels_BT, torch.nan)[:, list(tasks)].numpy())
        stop_if_asked()
    prediction_BT, label_BT = np.concatenate(predicted), np.concatenate(labels)
    kinds = [model.schema.tasks[task] for task in tasks]
    return [
        TaskPredictions(task.name, task.kind, label_BT[:, place], prediction_BT[:, place])
        for place, task in enumerate(kinds)
    ]
