"""From a logit to a prediction: the inverse link of a task, as in generalised linear models."""

import torch
from torch import Tensor

from recmtl.schema import Task


def predict(logit: Tensor, task: Task) -> Tensor:
    """Binary: sigmoid. Regression within bounds: a sigmoid stretched to them. Other regression: training mean + std
    * logit.
    """
    if task.kind == "binary":
        return torch.sigmoid(logit)
    if task.bounds is not None:
        low, high = task.bounds
        return low + (high - low) * torch.sigmoid(logit)
    return task.mean + task.std * logit
