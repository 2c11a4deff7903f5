"""Cross-stitch networks (Misra et al., CVPR 2016, arXiv 1604.03539, eq. 1).

    x_t^l = sum_s A^l_ts * h_s^l        h_s^l+1 = relu(W_s^l+1 x_s^l + b_s^l+1)        y_t = head_t(tower_t(x_t^L))

Each task has a network of its own. Behind every layer the networks' values are mixed, by weights that are learnt, one
for each pair of tasks and each channel (or each pair alone): how much is shared is decided layer by layer, between
nothing (A = I) and everything. A begins near I. The paper mixes channel by channel; the public code of MMLRec has one
full matrix over all values of all tasks instead, which is no cross-stitch unit but a layer more, and far larger.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt
from torch import Tensor, nn

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import BatchedLinear, Experts
from recmtl.nn.stitch import Stitch
from recmtl.nn.towers import Towers

# B rows, I input, H width, S networks, one a route, R asked routes


class CrossStitchConfig(SharingConfig):
    """A network of each task; behind every layer a task's values are a learnt mixture of all tasks' (Misra et al.,
    CVPR 2016).
    """

    paper: ClassVar = "Misra et al., CVPR 2016"
    rule: ClassVar = (
        "Each task has a network of its own; behind every layer its values become a weighted sum of all tasks' values, "
        "mostly its own at the start; a tower of its own follows."
    )

    name: Literal["cross_stitch"] = "cross_stitch"
    bottom: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of a task's layers that are mixed, first layer first."""
    stitch: Literal["channel", "layer"] = "channel"
    """What has mixing weights of its own, beside each pair of tasks: every channel of a layer, or the layer."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the last mixture."""

    def build(self, plan: Plan) -> "CrossStitch":
        """For this input and these routes."""
        return CrossStitch(self, plan.in_dim, len(plan.routes))


class CrossStitch(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("first", "later")

    def __init__(self, config: CrossStitchConfig, in_dim: int, num_routes: int) -> None:
        super().__init__()
        widths, channels = config.bottom, config.stitch == "channel"
        self.first = Experts(num_routes, in_dim, widths[:1], config.dropout)
        self.later = nn.ModuleList(BatchedLinear(num_routes, a, b) for a, b in pairwise(widths))
        self.stitches = nn.ModuleList(Stitch(num_routes, width if channels else 1) for width in widths)
        self.dropout = nn.Dropout(config.dropout)
        self.towers = Towers(num_routes, widths[-1], config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """All networks, whichever routes are asked for: each reads the others."""
        everyone = range(self.first.num_experts)
        h_SBH = self.first(x_BI).transpose(0, 1)
        for stitch, layer in zip(self.stitches, self.later, strict=False):  # behind the last layer the asked ones alone
            h_SBH = self.dropout(layer(stitch(h_SBH, everyone)).relu_())
        return self.towers(self.stitches[-1](h_SBH, routes).transpose(0, 1), routes)
