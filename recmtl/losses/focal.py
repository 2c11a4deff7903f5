"""Focal loss (Lin et al., ICCV 2017, eq. 5), with LT4REC's values as defaults.

    -alpha (1 - p)^gamma y log p - (1 - alpha) p^gamma (1 - y) log(1 - p)

It weighs classes and easy rows, so its scores rank but are no probabilities: calibration is off by design.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat
from torch import Tensor
from torch.nn import functional as F

from recmtl.losses.base import LossConfig
from recmtl.schema import Task


class FocalConfig(LossConfig):
    """Binary: cross-entropy that counts hard rows more; its scores rank, but are no probabilities."""

    name: Literal["focal"] = "focal"
    kind: ClassVar = "binary"
    alpha: Annotated[float, Field(ge=0, le=1)] = 0.75
    """Weight of positives; negatives weigh 1 - alpha."""
    gamma: NonNegativeFloat = 2.0
    """How fast easy rows fade; 0 is weighted cross-entropy."""

    def rows(self, logit_BT: Tensor, label_BT: Tensor, task: Task) -> Tensor:
        """From the logit: -log p and -log(1 - p) by softplus, so that nothing is clipped.

        Powers as exp(gamma log p): a power of a p that rounds to 0 has no gradient where gamma < 1.
        """
        surprise_BT, opposite_BT = F.softplus(-logit_BT), F.softplus(logit_BT)
        positive_BT = self.alpha * (-self.gamma * opposite_BT).exp() * surprise_BT
        negative_BT = (1 - self.alpha) * (-self.gamma * surprise_BT).exp() * opposite_BT
        return label_BT * positive_BT + (1 - label_BT) * negative_BT
