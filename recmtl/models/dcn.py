"""Deep & Cross Network (Wang et al., ADKDD 2017, arXiv 1708.05123, eq. 3 and 6).

    x_(l+1) = x_0 (x_l . w_l) + b_l + x_l        logit_t = deep_t(x_0) + c_t . x_L        x_0: all vectors and numbers

Without biases x_L is x_0 times a number that depends on the row.
"""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.nn.cross import CrossVector
from recmtl.nn.mlp import linear
from recmtl.nn.single import single


class DCNConfig(InteractionConfig):
    """All vectors and numbers side by side, and beside the deep part a cross network with a vector a layer (DCN)."""

    paper: ClassVar = "Wang et al., ADKDD 2017"
    rule: ClassVar = (
        "The deep part reads all vectors and numbers side by side; a linear of the cross network's output is added to "
        "the logit, one for each task. A cross layer multiplies the first input by a number from the one before."
    )

    name: Literal["dcn"] = "dcn"
    num_layers: PositiveInt = 2
    """Cross layers."""

    def build(self, encoder: Encoder, tasks: int) -> "DCN":
        """As wide as everything the encoder gives."""
        return DCN(self, encoder, tasks)


class DCN(Interaction):
    """x_BI with I = F D + dense, and wide_BT."""

    def __init__(self, config: DCNConfig, encoder: Encoder, tasks: int) -> None:
        super().__init__()
        self.out_dim = encoder.flat_dim
        self.cross = CrossVector(self.out_dim, config.num_layers)
        self.logit = linear(self.out_dim, tasks, bias=False)

    def forward(self, encoded: Encoded) -> Read:
        """Side by side, and the cross network."""
        x_BI = encoded.flat()
        return Read(x_BI, single(self.logit, self.cross(x_BI)))
