"""Piecewise linear encoding of numbers (Gorishniy et al., NeurIPS 2022, eq. 1)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PiecewiseLinear(nn.Module):
    """v_BN -> e_B(N K): for each number, whether it is known, then how far it reaches into each of its K - 1 intervals.

        e_k = clip((v - b_k) / (b_k+1 - b_k), 0, 1)

    b are the number's knots; an interval of no length in float32 gives 0. A missing number (NaN) gives zeros alone.
    """

    low_NK: Tensor
    scale_NK: Tensor

    def __init__(self, knots: Sequence[Sequence[float]]) -> None:
        super().__init__()
        # knots are rounded as the values are: else a value that lies on a knot could fall short of it
        single = torch.finfo(torch.float32)
        knots_NK = torch.tensor(knots, dtype=torch.float64).reshape(len(knots), -1)
        knots_NK = knots_NK.clamp(single.min, single.max).float().double()
        width_NK = knots_NK.diff(dim=1)
        scale_NK = torch.where(width_NK >= single.tiny, 1 / width_NK, 0.0)  # finite in single
        self.register_buffer("low_NK", knots_NK[:, :-1].float(), persistent=False)
        self.register_buffer("scale_NK", scale_NK.float(), persistent=False)
        self.out_dim = knots_NK.numel()

    def forward(self, values_BN: Tensor) -> Tensor:
        """Encode; knots are constants of the split, so there is nothing to learn here."""
        known_BN = ~values_BN.isnan()
        reach_BNK = ((values_BN.nan_to_num().unsqueeze(-1) - self.low_NK) * self.scale_NK).clamp(0, 1)
        return torch.cat([known_BN.unsqueeze(-1), reach_BNK * known_BN.unsqueeze(-1)], dim=-1).flatten(1)
