"""What every loss says: a value and a weight for each row; the objective averages over the rows of the task's
sample space.
"""

from typing import ClassVar, Literal

from torch import Tensor

from recmtl.config import Component
from recmtl.schema import Task


class LossConfig(Component):
    """What training makes small, for one task."""

    family: ClassVar[str] = "loss"
    kind: ClassVar[Literal["binary", "regression"]]
    """The kind of task it is for."""

    def rows(self, logit_BT: Tensor, label_BT: Tensor, task: Task) -> Tensor:
        """loss_BT, one for each logit. Binary tasks of one loss come together; a regression comes alone, as T = 1."""
        raise TypeError(f"{type(self).__name__} computes nothing")

    def weights(self, label_BT: Tensor) -> Tensor | None:
        """weight_BT: how much each row counts in the mean; None: all the same."""
        return None
