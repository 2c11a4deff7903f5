"""Predictions of a model for whole parts."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from recmtl.batch import Batch
from recmtl.metrics.predictions import TaskPredictions
from recmtl.models.model import Model
from recmtl.nn.link import predict

BATCH_ROWS = 8192


@torch.inference_mode()
def predict_rows(model: Model, rows: Batch, tasks: Sequence[int]) -> NDArray[np.float32]:
    """predictions_BT of the asked tasks, in the units of their labels. The model is left in evaluation mode."""
    model.eval()
    pieces = []
    for index_B in torch.arange(len(rows)).split(BATCH_ROWS):
        logits_BT = model(rows.take(index_B), tasks)
        columns = [predict(logits_BT[:, place], model.schema.tasks[task]) for place, task in enumerate(tasks)]
        pieces.append(torch.stack(columns, dim=1))
    return torch.cat(pieces).numpy()


def task_predictions(model: Model, rows: Batch, tasks: Sequence[int]) -> list[TaskPredictions]:
    """The same with labels beside them, NaN where a task was not observed, as metrics read them."""
    predictions_BT = predict_rows(model, rows, tasks)
    found = []
    for place, index in enumerate(tasks):
        task = model.schema.tasks[index]
        label_B = torch.where(rows.observed_BT[:, index], rows.labels_BT[:, index], torch.nan).numpy()
        found.append(TaskPredictions(task.name, task.kind, label_B, predictions_BT[:, place]))
    return found
