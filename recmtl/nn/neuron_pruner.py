"""Weights of a layer's neurons that depend on a context, some of them exactly zero."""

from typing import Literal

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear

Pruning = Literal["fusion", "scaling", "binarization"]


class NeuronPruner(nn.Module):
    """h_BH -> w_BH, of v = W [context; h] + b:

    - fusion: beta sigmoid(alpha v) where that is more than epsilon, else exactly 0;
    - scaling: beta sigmoid(v), never 0;
    - binarization: 1 where sigmoid(alpha v) is more than epsilon, else 0; its gradient is that of the sigmoid.
    """

    def __init__(self, context_dim: int, dim: int, pruning: Pruning, beta: float, epsilon: float) -> None:
        super().__init__()
        self.linear = linear(context_dim + dim, dim)
        self.pruning, self.beta, self.epsilon = pruning, beta, epsilon

    def forward(self, h_BH: Tensor, context_BC: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """The weights, and zeros_B: the share of a row's weights that are 0, with the gradient of the sigmoid.

        Args:
            h_BH: the layer's values.
            context_BC: what else a weight depends on.
            alpha: how steep the sigmoid is.
        """
        v_BH = self.linear(torch.cat([context_BC.to(h_BH.dtype), h_BH], dim=1)).float()
        if self.pruning == "scaling":
            return self.beta * v_BH.sigmoid(), v_BH.new_zeros(len(v_BH))
        soft_BH = (alpha * v_BH).sigmoid()
        scale = self.beta if self.pruning == "fusion" else 1.0
        kept_BH = scale * soft_BH > self.epsilon
        hard_BH = kept_BH + (soft_BH - soft_BH.detach())
        weight_BH = scale * soft_BH * kept_BH if self.pruning == "fusion" else hard_BH
        return weight_BH, 1 - hard_BH.mean(1)
