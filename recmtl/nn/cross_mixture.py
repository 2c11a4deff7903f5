"""The cross network with a mixture of matrices of low rank (DCN-V2, Wang et al., WWW 2021, eq. 3 to 5).

    x <- sum_k g_k(x) x_0 * (U_k tanh(C_k tanh(V_k x)) + b) + x        g(x) = softmax(G x)

The gates sum to one, so the b are one, and the U_k, side by side, are one product.
"""

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear

# B rows, I input, K experts, R rank


class CrossMixture(nn.Module):
    """x_BI -> x_BI."""

    def __init__(self, dim: int, num_layers: int, num_experts: int, rank: int) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(dim, num_experts, rank) for _ in range(num_layers))

    def forward(self, first_BI: Tensor) -> Tensor:
        """One layer after the other."""
        x_BI = first_BI
        for layer in self.layer:
            x_BI = torch.addcmul(x_BI, first_BI, layer(x_BI))
        return x_BI


class _Layer(nn.Module):
    """The gated sum, without x_0."""

    def __init__(self, dim: int, num_experts: int, rank: int) -> None:
        super().__init__()
        self.gate = linear(dim, num_experts, bias=False)
        self.down = linear(dim, num_experts * rank, bias=False)
        self.core = nn.Parameter(torch.empty(num_experts, rank, rank))
        self.up = linear(num_experts * rank, dim)
        with torch.no_grad():  # Glorot's scale is that of one expert, not of all side by side
            for weight in (*self.down.weight.chunk(num_experts), *self.core, *self.up.weight.chunk(num_experts, 1)):
                nn.init.xavier_normal_(weight)

    def forward(self, x_BI: Tensor) -> Tensor:
        """sum_k g_k(x) U_k tanh(C_k tanh(V_k x)) + b."""
        low_BKR = self.down(x_BI).tanh().unflatten(-1, (len(self.core), -1))
        low_BKR = torch.einsum("bkr,krs->bks", low_BKR, self.core).tanh()
        gate_BK1 = self.gate(x_BI).float().softmax(-1).unsqueeze(-1)
        return self.up((gate_BK1 * low_BKR).flatten(1))
