"""The cross network with a matrix a layer (DCN-V2, Wang et al., WWW 2021, eq. 1)."""

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear

# B rows, I input


class CrossMatrix(nn.Module):
    """x_BI -> x_BI: in each layer x becomes x_0 * (W x + b) + x."""

    def __init__(self, dim: int, num_layers: int) -> None:
        super().__init__()
        self.layer = nn.ModuleList(linear(dim, dim) for _ in range(num_layers))

    def forward(self, first_BI: Tensor) -> Tensor:
        """One layer after the other."""
        x_BI = first_BI
        for layer in self.layer:
            x_BI = torch.addcmul(x_BI, first_BI, layer(x_BI))
        return x_BI
