"""Wide & Deep (Cheng et al., DLRS 2016, arXiv 1606.07792, eq. 3).

    logit_t = deep_t(x) + sum_i w_t[id_i] + u_t . numbers        x: all vectors and numbers

The paper's wide part also reads products of features that someone chose by hand; the later base models learn these.
"""

from typing import ClassVar, Literal

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.models.wide import Wide


class WideDeepConfig(InteractionConfig):
    """All vectors and numbers side by side, and beside the deep part a linear model (Wide & Deep)."""

    wide: ClassVar = True
    paper: ClassVar = "Cheng et al., DLRS 2016"
    rule: ClassVar = (
        "The deep part reads all vectors and numbers side by side; a weight of each id and each number is added to "
        "the logit, one for each task."
    )

    name: Literal["wide_deep"] = "wide_deep"

    def build(self, encoder: Encoder, tasks: int) -> "WideDeep":
        """As wide as everything the encoder gives."""
        return WideDeep(encoder, tasks)


class WideDeep(Interaction):
    """x_BI with I = F D + dense, and wide_BT."""

    def __init__(self, encoder: Encoder, tasks: int) -> None:
        super().__init__()
        self.wide = Wide(encoder, tasks)
        self.out_dim = encoder.flat_dim

    def forward(self, encoded: Encoded) -> Read:
        """Side by side, and the linear model."""
        return Read(encoded.flat(), self.wide(encoded))
