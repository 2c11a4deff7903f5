"""Numbers as they are: one dense value each."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PlainNumbers(nn.Module):
    """v_BN -> z_BN: each number less the middle of its knots, over their spread; a missing one (NaN) gives 0.

    A value outside the knots counts as the nearest of them: no outlier of new rows reaches the network.
    """

    low_N: Tensor
    high_N: Tensor
    mean_N: Tensor
    scale_N: Tensor

    def __init__(self, knots: Sequence[Sequence[float]]) -> None:
        super().__init__()
        single = torch.finfo(torch.float32)
        knots_NK = torch.tensor(knots, dtype=torch.float64).reshape(len(knots), -1).clamp(single.min, single.max)
        std_N = knots_NK.std(dim=1, correction=0)
        self.register_buffer("low_N", knots_NK[:, 0].float(), persistent=False)
        self.register_buffer("high_N", knots_NK[:, -1].float(), persistent=False)
        self.register_buffer("mean_N", knots_NK.mean(dim=1).float(), persistent=False)
        self.register_buffer("scale_N", torch.where(std_N >= single.tiny, 1 / std_N, 0.0).float(), persistent=False)
        self.out_dim = len(knots)

    def forward(self, values_BN: Tensor) -> Tensor:
        """Standardise; there is nothing to learn here."""
        known_BN = torch.maximum(torch.minimum(values_BN, self.high_N), self.low_N)
        return ((known_BN - self.mean_N) * self.scale_N).nan_to_num(0.0)
