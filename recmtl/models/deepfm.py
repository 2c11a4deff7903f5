"""DeepFM (Guo et al., IJCAI 2017, arXiv 1703.04247, eq. 1 to 4).

    logit_t = deep_t(x) + sum_i w_t[id_i] + u_t . numbers + sum_(i<j) <v_i, v_j>        x: all vectors and numbers

The machine's term has no weights of its own: it is the same for all tasks.
"""

from typing import ClassVar, Literal

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.field_pairs import check_pairs
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.models.wide import Wide
from recmtl.nn.fm import bi_interaction


class DeepFMConfig(InteractionConfig):
    """All vectors and numbers side by side, and beside the deep part a factorisation machine (DeepFM).

    The term of many features is large where their vectors are: with dozens of them give `encoder.initial_scale` a small
    value, such as 0.1.
    """

    wide: ClassVar = True
    paper: ClassVar = "Guo et al., IJCAI 2017"
    rule: ClassVar = (
        "The deep part reads all vectors and numbers side by side; a weight of each id and each number and the sum of "
        "the products of all pairs of vectors are added to the logit."
    )

    name: Literal["deepfm"] = "deepfm"

    def build(self, encoder: Encoder, tasks: int) -> "DeepFM":
        """As wide as everything the encoder gives."""
        check_pairs(self.name, encoder)
        return DeepFM(encoder, tasks)


class DeepFM(Interaction):
    """x_BI with I = F D + dense, and wide_BT."""

    def __init__(self, encoder: Encoder, tasks: int) -> None:
        super().__init__()
        self.wide = Wide(encoder, tasks)
        self.out_dim = encoder.flat_dim

    def forward(self, encoded: Encoded) -> Read:
        """Side by side, and the machine."""
        return Read(encoded.flat(), self.wide(encoded) + bi_interaction(encoded.fields_BFD).sum(1, keepdim=True))
