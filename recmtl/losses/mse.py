"""Mean squared error."""

from typing import ClassVar, Literal

from torch import Tensor

from recmtl.losses.base import LossConfig
from recmtl.nn.link import predict
from recmtl.schema import Task


class MseConfig(LossConfig):
    """Regression: (p - y)^2, in units of the bounds' width or else of the training labels' spread, so that tasks weigh
    alike.
    """

    name: Literal["mse"] = "mse"
    kind: ClassVar = "regression"

    def rows(self, logit_BT: Tensor, label_BT: Tensor, task: Task) -> Tensor:
        """Of the prediction, not of the logit."""
        unit = task.std if task.bounds is None else task.bounds[1] - task.bounds[0]
        return ((predict(logit_BT, task) - label_BT) / unit) ** 2
