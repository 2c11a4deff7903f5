"""No interaction before the deep part: it reads all vectors and numbers side by side (an MLP base model)."""

from typing import Literal

from torch import Tensor

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.interaction import Interaction, InteractionConfig


class FlatConfig(InteractionConfig):
    """All vectors and numbers side by side."""

    name: Literal["flat"] = "flat"

    def build(self, encoder: Encoder) -> "Flat":
        """As wide as everything the encoder gives."""
        return Flat(encoder.flat_dim)


class Flat(Interaction):
    """Encoded -> x_BI with I = F D + dense."""

    def __init__(self, out_dim: int) -> None:
        super().__init__()
        self.out_dim = out_dim

    def forward(self, encoded: Encoded) -> Tensor:
        """Side by side."""
        return encoded.flat()
