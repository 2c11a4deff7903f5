"""Binary cross-entropy."""

from typing import ClassVar, Literal

from torch import Tensor
from torch.nn import functional as F

from recmtl.losses.base import LossConfig
from recmtl.schema import Task


class CrossEntropyConfig(LossConfig):
    """Binary: -y log p - (1 - y) log(1 - p), from the logit."""

    name: Literal["cross_entropy"] = "cross_entropy"
    kind: ClassVar = "binary"

    def rows(self, logit_BT: Tensor, label_BT: Tensor, task: Task) -> Tensor:
        """In nats."""
        return F.binary_cross_entropy_with_logits(logit_BT, label_BT, reduction="none")
