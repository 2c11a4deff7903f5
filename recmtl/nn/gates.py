"""Gates that scale each value of a layer (Gate Neural Units; Chang et al., KDD 2023)."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear

START = 0.1
"""Share of Glorot's scale at which the last layer starts: gates begin near 1, and learn from the first step on."""


class Gates(nn.Module):
    """v_BI -> gate_BGO = 2 sigmoid(relu(v W + b) W_g + b_g): G gates of O values, each between 0 and 2.

    The gates read one hidden layer; only the asked ones are computed.
    """

    def __init__(self, in_dim: int, hidden: int, num_gates: int, out_dim: int) -> None:
        super().__init__()
        self.hidden = linear(in_dim, hidden)
        self.gate = nn.ModuleList(linear(hidden, out_dim) for _ in range(num_gates))
        with torch.no_grad():
            for gate in self.gate:
                cast(nn.Linear, gate).weight.mul_(START)

    def forward(self, v_BI: Tensor, gates: Sequence[int]) -> Tensor:
        """Those of `gates`, in that order, in single precision."""
        h_BH = self.hidden(v_BI).relu_()
        return 2 * torch.stack([self.gate[gate](h_BH) for gate in gates], dim=1).float().sigmoid()
