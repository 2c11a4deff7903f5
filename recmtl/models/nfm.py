"""Neural factorisation machine (He and Chua, SIGIR 2017, arXiv 1708.05027, eq. 2 to 6).

    logit_t = deep_t([sum_(i<j) s_i * v_i * s_j * v_j, numbers]) + sum_i w_t[id_i] + u_t . numbers

The deep part reads the products of all pairs of vectors, value by value, summed into one vector. The paper has no
scales s of the fields (as with `field_scales` false); they tell apart what shares a table (see nn/field_scale.py).
"""

from typing import ClassVar, Literal

import torch
from torch import nn

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.field_pairs import check_pairs
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.models.wide import Wide
from recmtl.nn.field_scale import FieldScale
from recmtl.nn.fm import bi_interaction


class NFMConfig(InteractionConfig):
    """The products of all pairs of vectors summed into one, and beside the deep part a linear model (NFM)."""

    wide: ClassVar = True
    paper: ClassVar = "He and Chua, SIGIR 2017"
    rule: ClassVar = (
        "The deep part reads the sum of the products of all pairs of vectors, a vector too, beside the numbers; a "
        "weight of each id and each number is added to the logit, one for each task."
    )

    name: Literal["nfm"] = "nfm"
    field_scales: bool = True
    """Whether each field has a learnt scale, which tells apart features that share a table; false: as in the paper."""

    def build(self, encoder: Encoder, tasks: int) -> "NFM":
        """As wide as one vector and the numbers."""
        check_pairs(self.name, encoder)
        return NFM(encoder, tasks, self.field_scales)


class NFM(Interaction):
    """x_BI with I = D + dense, and wide_BT."""

    def __init__(self, encoder: Encoder, tasks: int, scaled: bool) -> None:
        super().__init__()
        self.wide = Wide(encoder, tasks)
        self.scale = FieldScale(len(encoder.fields), encoder.dim, std=1.0) if scaled else nn.Identity()
        self.out_dim = encoder.dim + encoder.dense_dim

    def forward(self, encoded: Encoded) -> Read:
        """Pooled pairs, then the numbers; and the linear model."""
        pooled_BD = bi_interaction(self.scale(encoded.fields_BFD))
        return Read(torch.cat([pooled_BD, encoded.dense_BK], dim=1), self.wide(encoded))
