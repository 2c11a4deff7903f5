"""Shared bottom (Caruana, Machine Learning 1997): one network for all tasks, then a tower for each.

h_t = tower_t(bottom(x))
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt
from torch import Tensor

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.mlp import MLP
from recmtl.nn.towers import Towers

# B rows, I input, H width, R asked routes


class SharedBottomConfig(SharingConfig):
    """One network for all tasks, then a tower for each (Caruana 1997)."""

    paper: ClassVar = "Caruana, Machine Learning 1997"
    rule: ClassVar = "All tasks read one network, each through a tower of its own."

    name: Literal["shared_bottom"] = "shared_bottom"
    bottom: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of the shared layers, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the bottom."""

    def build(self, plan: Plan) -> "SharedBottom":
        """For this input and these routes."""
        return SharedBottom(self, plan.in_dim, len(plan.routes))


class SharedBottom(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("bottom",)

    def __init__(self, config: SharedBottomConfig, in_dim: int, num_routes: int) -> None:
        super().__init__()
        self.bottom = MLP(in_dim, config.bottom, config.dropout)
        self.towers = Towers(num_routes, self.bottom.out_dim, config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The bottom once, the asked towers."""
        h_BH = self.bottom(x_BI)
        return self.towers(h_BH.unsqueeze(1).expand(-1, len(routes), -1), routes)
