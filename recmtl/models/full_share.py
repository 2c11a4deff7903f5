"""One network for all tasks, up to the last layer: the baseline that shares everything.

    y_t = sigmoid(w_t h + b_t)        h = MLP(x)

A task has its w_t, so that tasks can rank rows differently. In the public code of MMLRec they share it, and differ by
b_t alone: all tasks rank all rows alike there.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt
from torch import Tensor

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.mlp import MLP

# B rows, I input, H width, R asked routes


class FullShareConfig(SharingConfig):
    """One network for all tasks, each with a last layer of its own."""

    paper: ClassVar = "no paper: the baseline that shares everything"
    rule: ClassVar = "All tasks read one network, each through a last linear layer of its own."

    name: Literal["full_share"] = "full_share"
    bottom: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of the shared layers, first layer first."""

    def build(self, plan: Plan) -> "FullShare":
        """For this input."""
        return FullShare(self, plan.in_dim)


class FullShare(Sharing):
    """x_BI -> h_BRH, the same for all routes."""

    shared: ClassVar = ("bottom",)

    def __init__(self, config: FullShareConfig, in_dim: int) -> None:
        super().__init__()
        self.bottom = MLP(in_dim, config.bottom, config.dropout)
        self.out_dim = self.bottom.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The network, once."""
        return self.bottom(x_BI).unsqueeze(1).expand(-1, len(routes), -1)
