"""Experts: networks of one shape that read the same input, computed together."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
        self.later = nn.ModuleList(BatchedLinear(num_experts, a, b) for a, b in pairwise(widths))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BI: Tensor) -> Tensor:
        """All experts at once."""
        return side_by_side([self], x_BI)


def side_by_side(groups: Sequence[Experts], x_BI: Tensor) -> Tensor:
    """h_BEH of groups of one shape that read the same input, one group's experts after the other's: computed as if
    they were one group, so that the input's gradient is one product too.
    """
    one, total = groups[0], sum(group.num_experts for group in groups)
    first_BH = F.linear(x_BI, _cat([g.first.weight for g in groups]), _cat([g.first.bias for g in groups]))
    h_BEH = one.dropout(first_BH.relu_()).unflatten(-1, (total, -1))
    if not one.later:
        return h_BEH
    # each expert's rows in one block: batched products of gradients take several times as long without
    h_EBH = h_BEH.transpose(0, 1).contiguous()
    for layers in zip(*(group.later for group in groups), strict=True):
        weight_EIO, bias_E1O = _cat([layer.weight for layer in layers]), _cat([layer.bias for layer in layers])
        h_EBH = one.dropout(torch.baddbmm(bias_E1O, h_EBH, weight_EIO).relu_())
    return h_EBH.transpose(0, 1)


def _cat(parts: Sequence[Tensor]) -> Tensor:
    """One part is itself, without a copy."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


class BatchedLinear(nn.Module):
    """A linear layer for each expert, x_EBI -> y_EBO."""

    def __init__(self, num_experts: int, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_experts, in_dim, out_dim))
        self.bias = nn.Parameter(torch.zeros(num_experts, 1, out_dim))
        with torch.no_grad():
            for weight_IO in self.weight:
                nn.init.xavier_normal_(weight_IO)

    def forward(self, x_EBI: Tensor) -> Tensor:
        """All layers in one product, each on its own expert's rows."""
        return torch.baddbmm(self.bias, x_EBI, self.weight)
