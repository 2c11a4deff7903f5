"""A layer whose weights and biases are generated for each row (the meta unit of M2M; Zhang et al., WSDM 2022)."""

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear


class MetaLayer(nn.Module):
    """h_BKD -> h W + b for K vectors of each row: W = D x D and b are linear in the row's condition z.

    At the start it is next to a usual layer with Glorot's weights: what z adds to these is small.
    """

    def __init__(self, dim: int, condition_dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.weights, self.biases = linear(condition_dim, dim * dim), linear(condition_dim, dim)
        with torch.no_grad():
            nn.init.xavier_normal_(self.weights.bias.view(dim, dim))

    def forward(self, h_BKD: Tensor, z_BC: Tensor) -> Tensor:
        """Each row's vectors through the layer of its condition."""
        weight_BDD = self.weights(z_BC).unflatten(-1, (self.dim, self.dim))
        linear_BKD: Tensor = torch.bmm(h_BKD.to(weight_BDD.dtype), weight_BDD)
        return linear_BKD + self.biases(z_BC).unsqueeze(1)
