"""AutoInt (Song et al., CIKM 2019, arXiv 1810.11921, eq. 5 to 9), with the deep part beside it (the paper's AutoInt+).

    e^(l+1)_m = relu(heads(e^l)_m + R e^l_m)        logit_t = deep_t(x) + c_t . vec(e^L)

x: all vectors and numbers; e^0: the vectors. The fields of a row attend to one another; see nn/attention.py.
"""

from typing import ClassVar, Literal

from pydantic import PositiveInt
from torch import nn

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.field_pairs import check_pairs
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.nn.attention import FieldAttention
from recmtl.nn.mlp import linear
from recmtl.nn.single import single


class AutoIntConfig(InteractionConfig):
    """All vectors and numbers side by side, and beside the deep part self-attention over the fields (AutoInt)."""

    paper: ClassVar = "Song et al., CIKM 2019"
    rule: ClassVar = (
        "The deep part reads all vectors and numbers side by side; a linear of the vectors after layers of multi-head "
        "self-attention is added to the logit, one for each task."
    )

    name: Literal["autoint"] = "autoint"
    num_layers: PositiveInt = 3
    """Layers of self-attention."""
    num_heads: PositiveInt = 2
    """Heads of a layer."""
    head_dim: PositiveInt = 16
    """Width of a head."""

    def build(self, encoder: Encoder, tasks: int) -> "AutoInt":
        """As wide as everything the encoder gives."""
        check_pairs(self.name, encoder)
        return AutoInt(self, encoder, tasks)


class AutoInt(Interaction):
    """x_BI with I = F D + dense, and wide_BT."""

    def __init__(self, config: AutoIntConfig, encoder: Encoder, tasks: int) -> None:
        super().__init__()
        width = config.num_heads * config.head_dim
        before = [encoder.dim] + [width] * (config.num_layers - 1)
        self.attention = nn.Sequential(*(FieldAttention(dim, config.num_heads, config.head_dim) for dim in before))
        self.logit = linear(len(encoder.fields) * width, tasks, bias=False)
        self.out_dim = encoder.flat_dim

    def forward(self, encoded: Encoded) -> Read:
        """Side by side, and the fields that have seen one another."""
        e_BFO = self.attention(encoded.fields_BFD)
        return Read(encoded.flat(), single(self.logit, e_BFO.flatten(1)))
