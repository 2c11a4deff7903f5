"""xDeepFM (Lian et al., KDD 2018, arXiv 1803.05170, eq. 6 to 9).

    logit_t = deep_t(x) + sum_i w_t[id_i] + u_t . numbers + c_t . cin(V)        x: all vectors and numbers

The compressed interaction network is in nn/cin.py: of its layers all maps are pooled and go on, and there is no
activation between them.
"""

from typing import ClassVar, Literal

from pydantic import Field, PositiveInt

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.field_pairs import check_pairs
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.models.wide import Wide
from recmtl.nn.cin import CIN
from recmtl.nn.mlp import linear
from recmtl.nn.single import single


class XDeepFMConfig(InteractionConfig):
    """All vectors and numbers side by side, and beside the deep part a compressed interaction network (xDeepFM)."""

    wide: ClassVar = True
    paper: ClassVar = "Lian et al., KDD 2018"
    rule: ClassVar = (
        "The deep part reads all vectors and numbers side by side; a weight of each id and each number and a linear of "
        "the compressed interaction network's output are added to the logit, one for each task."
    )

    name: Literal["xdeepfm"] = "xdeepfm"
    maps: tuple[PositiveInt, ...] = Field(default=(32, 32), min_length=1)
    """Vectors in each layer of the compressed interaction network, first layer first."""

    def build(self, encoder: Encoder, tasks: int) -> "XDeepFM":
        """As wide as everything the encoder gives."""
        check_pairs(self.name, encoder)
        return XDeepFM(self, encoder, tasks)


class XDeepFM(Interaction):
    """x_BI with I = F D + dense, and wide_BT."""

    def __init__(self, config: XDeepFMConfig, encoder: Encoder, tasks: int) -> None:
        super().__init__()
        self.wide = Wide(encoder, tasks)
        self.cin = CIN(len(encoder.fields), config.maps)
        self.logit = linear(self.cin.out_dim, tasks, bias=False)
        self.out_dim = encoder.flat_dim

    def forward(self, encoded: Encoded) -> Read:
        """Side by side; the linear model and the compressed interactions."""
        compressed_BT = single(self.logit, self.cin(encoded.fields_BFD))
        return Read(encoded.flat(), self.wide(encoded) + compressed_BT)
