"""Scores of gates: what becomes the weights of a mixture."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.nn.experts import Experts
from recmtl.nn.mlp import linear


class Scores(nn.Module):
    """x_BI -> score_BGN: N numbers for each of G gates, linear in x; or in what hidden layers of the gate's own make of
    x.

    Args:
        in_dim: I.
        num_gates: G.
        num_scores: N.
        hidden: widths of a gate's layers before the linear one; none: it reads x.
        dropout: after each hidden layer.
        bias: whether a number is added to each score; without, x = 0 gives zeros.
    """

    def __init__(
        self,
        in_dim: int,
        num_gates: int,
        num_scores: int,
        hidden: Sequence[int] = (),
        dropout: float = 0.0,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.num_gates = num_gates
        self.hidden = Experts(num_gates, in_dim, hidden, dropout) if hidden else None
        if not hidden:
            self.weight = linear(in_dim, num_gates * num_scores, bias=False).weight
        else:
            self.weight = nn.Parameter(torch.empty(num_gates, num_scores, hidden[-1]))
            with torch.no_grad():
                for weight_NH in self.weight:
                    nn.init.xavier_normal_(weight_NH)
        self.bias = nn.Parameter(torch.zeros(num_gates * num_scores)) if bias else None

    def forward(self, x_BI: Tensor) -> Tensor:
        """All gates at once."""
        if self.hidden is None:
            return F.linear(x_BI, self.weight, self.bias).unflatten(-1, (self.num_gates, -1))
        h_GBH = self.hidden(x_BI).transpose(0, 1)
        score_BGN = torch.bmm(h_GBH, self.weight.transpose(1, 2)).transpose(0, 1)
        return score_BGN if self.bias is None else score_BGN + self.bias.view(self.num_gates, -1)
