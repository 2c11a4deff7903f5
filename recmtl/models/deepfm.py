"""DeepFM (Guo et al., IJCAI 2017, arXiv 1703.04247, eq. 1 to 4).

    logit_t = deep_t(x) + sum_i w_t[id_i] + u_t . numbers + sum_(i<j) <s_i * v_i, s_j * v_j>

x: all vectors and numbers. The machine's term is the same for all tasks. The paper has no scales s of the fields (as
with `field_scales` false); they tell apart what shares a table (see nn/field_scale.py), and start small, so that the
term of many fields does too.
"""

from typing import ClassVar, Literal

from torch import nn

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.field_pairs import check_pairs
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.models.wide import Wide
from recmtl.nn.field_scale import FieldScale
from recmtl.nn.fm import bi_interaction


class DeepFMConfig(InteractionConfig):
    """All vectors and numbers side by side, and beside the deep part a factorisation machine (DeepFM)."""

    wide: ClassVar = True
    paper: ClassVar = "Guo et al., IJCAI 2017"
    rule: ClassVar = (
        "The deep part reads all vectors and numbers side by side; a weight of each id and each number and the sum of "
        "the products of all pairs of vectors are added to the logit."
    )

    name: Literal["deepfm"] = "deepfm"
    field_scales: bool = True
    """Whether each field has a learnt scale, which tells apart features that share a table; false: as in the paper."""

    def build(self, encoder: Encoder, tasks: int) -> "DeepFM":
        """As wide as everything the encoder gives."""
        check_pairs(self.name, encoder)
        return DeepFM(encoder, tasks, self.field_scales)


class DeepFM(Interaction):
    """x_BI with I = F D + dense, and wide_BT."""

    def __init__(self, encoder: Encoder, tasks: int, scaled: bool) -> None:
        super().__init__()
        self.wide = Wide(encoder, tasks)
        self.scale = FieldScale(len(encoder.fields), encoder.dim, std=0.3) if scaled else nn.Identity()
        self.out_dim = encoder.flat_dim

    def forward(self, encoded: Encoded) -> Read:
        """Side by side, and the machine."""
        machine_B1 = bi_interaction(self.scale(encoded.fields_BFD)).sum(1, keepdim=True)
        return Read(encoded.flat(), self.wide(encoded) + machine_B1)
