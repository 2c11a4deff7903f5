"""Hard concrete gates, learnt to be exactly 0 or 1 (Louizos et al., ICLR 2018, arXiv 1712.01312, eq. 10 to 13).

s = sigmoid((log u - log(1 - u) + log alpha) / beta)        u uniform in (0, 1)
z = min(1, max(0, s (zeta - gamma) + gamma))
P(z > 0) = sigmoid(log alpha - beta log(-gamma / zeta))
in evaluation: z = min(1, max(0, sigmoid(log alpha) (zeta - gamma) + gamma))
"""

import math

import torch
from torch import Tensor, nn

BETA, GAMMA, ZETA = 0.9, -0.1, 1.1
"""Of the paper: how near to 0 and 1 the noise comes, and how far s is stretched beyond them."""
START = 0.0
"""Of log alpha: a gate starts half open, where it learns fastest."""


class HardConcrete(nn.Module):
    """z of a shape, each in [0, 1], in single precision. Training draws new noise at each call, for all rows of it."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape
        self.log_alpha = nn.Parameter(torch.full((math.prod(shape),), START))  # flat: it takes part in no product

    def forward(self) -> Tensor:
        """z."""
        log_alpha: Tensor = self.log_alpha
        if self.training:
            log_alpha = (torch.rand_like(log_alpha).logit() + log_alpha) / BETA
        return (log_alpha.sigmoid() * (ZETA - GAMMA) + GAMMA).clamp(0, 1).view(self.shape)

    def open_chance(self) -> Tensor:
        """P(z > 0) of each gate: their sum is the expected L0 norm."""
        return (self.log_alpha - BETA * math.log(-GAMMA / ZETA)).sigmoid().view(self.shape)
