"""DCN-V2 (Wang et al., WWW 2021, arXiv 2008.13535, eq. 1 to 5), in the paper's parallel form.

    x_(l+1) = x_0 * (W_l x_l + b_l) + x_l        logit_t = deep_t(x_0) + c_t . x_L        x_0: all vectors and numbers

With `mixture` a layer's matrix is a gated mixture of matrices of low rank; see nn/cross_mixture.py.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from recmtl.config import Config
from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.nn.cross_matrix import CrossMatrix
from recmtl.nn.cross_mixture import CrossMixture
from recmtl.nn.mlp import linear
from recmtl.nn.single import single


class MixtureConfig(Config):
    """Matrices of low rank in place of a full one."""

    num_experts: Annotated[int, Field(ge=2)] = 4
    """Matrices in each layer, mixed by a gate."""
    rank: PositiveInt = 32
    """Rank of each of them."""


class DCNV2Config(InteractionConfig):
    """All vectors and numbers side by side, and beside the deep part a cross network with a matrix a layer (DCN-V2)."""

    paper: ClassVar = "Wang et al., WWW 2021"
    rule: ClassVar = (
        "The deep part reads all vectors and numbers side by side; a linear of the cross network's output is added to "
        "the logit, one for each task. A cross layer multiplies the first input, value by value, by a linear of the "
        "one before."
    )

    name: Literal["dcn_v2"] = "dcn_v2"
    num_layers: PositiveInt = 2
    """Cross layers."""
    mixture: MixtureConfig | None = None
    """A mixture of matrices of low rank in each layer; null: one full matrix."""

    def build(self, encoder: Encoder, tasks: int) -> "DCNV2":
        """As wide as everything the encoder gives."""
        return DCNV2(self, encoder, tasks)


class DCNV2(Interaction):
    """x_BI with I = F D + dense, and wide_BT."""

    def __init__(self, config: DCNV2Config, encoder: Encoder, tasks: int) -> None:
        super().__init__()
        self.out_dim = encoder.flat_dim
        self.cross: CrossMatrix | CrossMixture
        if config.mixture is None:
            self.cross = CrossMatrix(self.out_dim, config.num_layers)
        else:
            mixture = config.mixture
            self.cross = CrossMixture(self.out_dim, config.num_layers, mixture.num_experts, mixture.rank)
        self.logit = linear(self.out_dim, tasks, bias=False)

    def forward(self, encoded: Encoded) -> Read:
        """Side by side, and the cross network."""
        x_BI = encoded.flat()
        return Read(x_BI, single(self.logit, self.cross(x_BI)))
