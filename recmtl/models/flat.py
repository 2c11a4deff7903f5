"""No interaction before the deep part: it reads all vectors and numbers side by side (an MLP base model)."""

from typing import ClassVar, Literal

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.interaction import Interaction, InteractionConfig, Read


class FlatConfig(InteractionConfig):
    """All vectors and numbers side by side."""

    paper: ClassVar = "no paper: a plain network"
    rule: ClassVar = "The deep part reads all vectors and numbers side by side; nothing is added to the logits."

    name: Literal["flat"] = "flat"

    def build(self, encoder: Encoder, tasks: int) -> "Flat":
        """As wide as everything the encoder gives."""
        return Flat(encoder.flat_dim)


class Flat(Interaction):
    """x_BI with I = F D + dense."""

    def __init__(self, out_dim: int) -> None:
        super().__init__()
        self.out_dim = out_dim

    def forward(self, encoded: Encoded) -> Read:
        """Side by side."""
        return Read(encoded.flat())
