"""From a logit to a prediction: the inverse link of a task, as in generalised linear models."""

import math

import torch
from torch import Tensor

from recmtl.schema import Task


def predict(logit: Tensor, task: Task, negative_rate: float = 1.0) -> Tensor:
    """Binary: sigmoid. Regression within bounds: a sigmoid stretched to them. Other regression: training mean + std
    * logit.

    Of a binary task in whose training rows only the share `negative_rate` of the negatives stayed, the probability
    among all rows: p * rate / (p * rate + 1 - p) = sigmoid(logit + log rate), p being the sigmoid of the logit.
    """
    if task.kind == "binary":
        if negative_rate < 1:
            # in double precision: the sum must not make two logits one
            return torch.sigmoid(logit.double() + math.log(negative_rate)).to(logit.dtype)
        return torch.sigmoid(logit)
    if task.bounds is not None:
        low, high = task.bounds
        return low + (high - low) * torch.sigmoid(logit)
    return task.mean + task.std * logit
