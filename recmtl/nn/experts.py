"""Experts: networks of one shape that read the same input, computed together."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear


class Experts(nn.Module):
    """x_BI -> h_BEH: E networks relu(... relu(x W_e + b_e) ...), dropout after each layer.

    The first layer is one product with all experts' columns side by side, the others are one batched product each.
    """

    def __init__(self, num_experts: int, in_dim: int, widths: Sequence[int], dropout: float = 0.0) -> None:
        super().__init__()
        self.num_experts, self.out_dim = num_experts, widths[-1]
        self.first = linear(in_dim, num_experts * widths[0])
        with torch.no_grad():  # Glorot's scale is that of one expert, not of all side by side
            for weight_HI in self.first.weight.chunk(num_experts):
                nn.init.xavier_normal_(weight_HI)
        self.later = nn.ModuleList(_BatchedLinear(num_experts, a, b) for a, b in pairwise(widths))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BI: Tensor) -> Tensor:
        """All experts at once."""
        h_BEH = self.dropout(self.first(x_BI).relu_()).unflatten(-1, (self.num_experts, -1))
        if not self.later:
            return h_BEH
        # each expert's rows in one block: batched products of gradients take several times as long without
        h_EBH = h_BEH.transpose(0, 1).contiguous()
        for layer in self.later:
            h_EBH = self.dropout(layer(h_EBH).relu_())
        return h_EBH.transpose(0, 1)


class _BatchedLinear(nn.Module):
    """x_EBI -> y_EBO: a linear layer for each expert."""

    def __init__(self, num_experts: int, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_experts, in_dim, out_dim))
        self.bias = nn.Parameter(torch.zeros(num_experts, 1, out_dim))
        with torch.no_grad():
            for weight_IO in self.weight:
                nn.init.xavier_normal_(weight_IO)

    def forward(self, x_EBI: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x_EBI, self.weight)
