"""FiBiNET (Huang et al., RecSys 2019, arXiv 1905.09433, eq. 3 to 12).

    x = [bilinear_1(a * V), bilinear_2(V), numbers]        logit_t = deep_t(x) + sum_i w_t[id_i] + u_t . numbers

a: a weight of each field, from all fields; see nn/senet.py. The two bilinear layers (nn/bilinear.py) have matrices of
their own, where some public code shares them.
"""

from typing import ClassVar, Literal

import torch
from pydantic import PositiveInt

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.field_pairs import check_pairs
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.models.wide import Wide
from recmtl.nn.bilinear import Bilinear, Kind
from recmtl.nn.senet import SENET


class FiBiNETConfig(InteractionConfig):
    """Bilinear products of all pairs of vectors, weighted and plain, and beside these a linear model (FiBiNET)."""

    wide: ClassVar = True
    paper: ClassVar = "Huang et al., RecSys 2019"
    rule: ClassVar = (
        "The deep part reads bilinear products of all pairs of vectors, those of the vectors weighted by field, and "
        "the numbers; a weight of each id and each number is added to the logit, one for each task."
    )

    name: Literal["fibinet"] = "fibinet"
    bilinear: Kind = "field_each"
    """A product's matrix: one for all pairs, one for each field, or one for each pair."""
    reduction: PositiveInt = 3
    """How many times narrower than the number of fields the layer is that weighs them."""

    def build(self, encoder: Encoder, tasks: int) -> "FiBiNET":
        """Twice as many vectors as there are pairs, and the numbers."""
        check_pairs(self.name, encoder)
        return FiBiNET(self, encoder, tasks)


class FiBiNET(Interaction):
    """x_BI with I = F (F - 1) D + dense, and wide_BT."""

    def __init__(self, config: FiBiNETConfig, encoder: Encoder, tasks: int) -> None:
        super().__init__()
        fields, dim = len(encoder.fields), encoder.dim
        self.wide = Wide(encoder, tasks)
        self.senet = SENET(fields, config.reduction)
        self.weighted, self.plain = Bilinear(config.bilinear, fields, dim), Bilinear(config.bilinear, fields, dim)
        self.out_dim = 2 * self.plain.num_pairs * dim + encoder.dense_dim

    def forward(self, encoded: Encoded) -> Read:
        """Pairs of weighted vectors, pairs of plain ones, then the numbers; and the linear model."""
        pairs = self.weighted(self.senet(encoded.fields_BFD)), self.plain(encoded.fields_BFD)
        x_BI = torch.cat([*(pairs_BPD.flatten(1) for pairs_BPD in pairs), encoded.dense_BK], dim=1)
        return Read(x_BI, self.wide(encoded))
