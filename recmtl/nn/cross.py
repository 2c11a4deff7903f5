"""The cross network with a vector a layer (DCN, Wang et al., ADKDD 2017, eq. 3)."""

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear

# B rows, I input


class CrossVector(nn.Module):
    """x_BI -> x_BI: in each layer x becomes x_0 (x . w) + b + x."""

    def __init__(self, dim: int, num_layers: int) -> None:
        super().__init__()
        self.layer = nn.ModuleList(linear(dim, 1, bias=False) for _ in range(num_layers))
        self.bias = nn.ParameterList(torch.zeros(dim) for _ in range(num_layers))

    def forward(self, first_BI: Tensor) -> Tensor:
        """One layer after the other."""
        x_BI = first_BI
        for layer, bias_I in zip(self.layer, self.bias, strict=True):
            x_BI = torch.addcmul(x_BI + bias_I, first_BI, layer(x_BI))
        return x_BI
