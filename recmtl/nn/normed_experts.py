"""Experts of one layer with layer normalisation, computed together."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.nn.experts import Experts


class NormedExperts(nn.Module):
    """x_BI -> h_BEH: E layers relu(norm(x W_e + b_e) * scale_e + shift_e), then dropout; the norm is over H."""

    def __init__(self, num_experts: int, in_dim: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.num_experts, self.out_dim = num_experts, width
        self.linear = Experts(num_experts, in_dim, (width,)).first
        # no product over rows: not matrices
        self.scale = nn.Parameter(torch.ones(num_experts * width))
        self.shift = nn.Parameter(torch.zeros(num_experts * width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BI: Tensor) -> Tensor:
        """All experts at once."""
        linear_BEH = self.linear(x_BI).float().unflatten(-1, (self.num_experts, -1))
        scale_EH, shift_EH = (
            self.scale.unflatten(0, (self.num_experts, -1)),
            self.shift.unflatten(0, (self.num_experts, -1)),
        )
        return self.dropout(F.layer_norm(linear_BEH, (self.out_dim,)).mul(scale_EH).add(shift_EH).relu())
