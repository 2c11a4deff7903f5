"""What every loss says: a value and a weight for each row; the objective averages over the rows of the task's
sample space.
"""

from typing import ClassVar, Literal

import torch
from torch import Tensor

from recmtl.config import Component
from recmtl.schema import Task


class LossConfig(Component):
    """What training makes small, for one task."""

    family: ClassVar[str] = "loss"
    kind: ClassVar[Literal["binary", "regression"]]
    """The kind of task it is for."""

    def rows(self, logit_B: Tensor, label_B: Tensor, task: Task) -> Tensor:
        """loss_B, one for each row."""
        raise TypeError(f"{type(self).__name__} computes nothing")

    def weights(self, label_B: Tensor) -> Tensor:
        """weight_B: how much each row counts in the mean; all the same unless the loss says otherwise."""
        return torch.ones_like(label_B)
