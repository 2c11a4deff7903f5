"""The interaction family: the base click model, that is what the deep part reads and what is added to each logit."""

from typing import ClassVar

from torch import Tensor, nn

from recmtl.config import Component
from recmtl.models.encoder import Encoded, Encoder


class Interaction(nn.Module):
    """Encoded -> x_BI, what the deep part reads."""

    out_dim: int

    def forward(self, encoded: Encoded) -> Tensor:
        """Compute x_BI."""
        raise TypeError(f"{type(self).__name__} has no forward")


class InteractionConfig(Component):
    """The base click model: what the deep part reads."""

    family: ClassVar[str] = "interaction"

    def build(self, encoder: Encoder) -> Interaction:
        """The layer for what this encoder gives."""
        raise TypeError(f"{type(self).__name__} builds nothing")
