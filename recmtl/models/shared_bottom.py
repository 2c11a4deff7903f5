"""Shared bottom (Caruana, Machine Learning 1997): one network for all tasks, then a tower for each.

h_t = tower_t(bottom(x))
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt
from torch import Tensor

from recmtl.models.encoder import Encoded
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.mlp import MLP
from recmtl.nn.towers import Towers

# B rows, I input, H width, T asked tasks


class SharedBottomConfig(SharingConfig):
    """One network for all tasks, then a tower for each (Caruana 1997)."""

    name: Literal["shared_bottom"] = "shared_bottom"
    bottom: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of the shared layers, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the bottom."""

    def build(self, in_dim: int, tasks: Sequence[str]) -> "SharedBottom":
        """For an input of `in_dim`."""
        return SharedBottom(self, in_dim, len(tasks))


class SharedBottom(Sharing):
    """x_BI -> h_BTH."""

    shared: ClassVar = ("bottom",)

    def __init__(self, config: SharedBottomConfig, in_dim: int, num_tasks: int) -> None:
        super().__init__()
        self.bottom = MLP(in_dim, config.bottom, config.dropout)
        self.towers = Towers(num_tasks, self.bottom.out_dim, config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def forward(self, x_BI: Tensor, encoded: Encoded, tasks: Sequence[int]) -> Tensor:
        """The bottom once, the asked towers."""
        h_BH = self.bottom(x_BI)
        return self.towers(h_BH.unsqueeze(1).expand(-1, len(tasks), -1), tasks)
