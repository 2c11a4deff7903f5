"""Mean squared error."""

from typing import ClassVar, Literal

from torch import Tensor

from recmtl.losses.base import LossConfig
from recmtl.nn.link import predict
from recmtl.schema import Task


class MseConfig(LossConfig):
    """(p - y)^2, in units of the training labels' variance unless the task is bounded, so that tasks weigh alike."""

    name: Literal["mse"] = "mse"
    kind: ClassVar = "regression"

    def rows(self, logit_B: Tensor, label_B: Tensor, task: Task) -> Tensor:
        """Of the prediction, not of the logit."""
        unit = 1.0 if task.bounds is not None else task.std
        return ((predict(logit_B, task) - label_B) / unit) ** 2
