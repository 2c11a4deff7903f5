"""Cross-stitch units (Misra et al., CVPR 2016, eq. 1)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recmtl.nn.picked import picked


class Stitch(nn.Module):
    """h_SBH of S networks -> x_RBH of the asked ones: each a weighted sum of all, in single precision.

        x_r = sum_s a_rs * h_s

    a_rs is a number, or one for each of H channels. At the start a network keeps the share `own` of itself, and the
    others have equal parts of the rest.

    Args:
        networks: S.
        channels: H; 1: the same weights for all channels.
        own: what a network keeps of itself.
    """

    def __init__(self, networks: int, channels: int, own: float = 0.9) -> None:
        super().__init__()
        self.networks, self.channels = networks, channels
        rest = (1 - own) / max(networks - 1, 1)
        start_SS = torch.full((networks, networks), rest).fill_diagonal_(own if networks > 1 else 1.0)
        # flat: it takes part in no product of matrices
        self.a = nn.Parameter(start_SS.unsqueeze(-1).repeat(1, 1, channels).flatten())

    def forward(self, h_SBH: Tensor, asked: Sequence[int]) -> Tensor:
        """The sums that are asked for; of all networks, whichever are."""
        a_RS1H = picked(self.a.view(self.networks, self.networks, 1, self.channels), asked, 0)
        of_each = zip(a_RS1H.unbind(1), h_SBH.unbind(0), strict=True)
        first, *others = (a_R1H * h_BH for a_R1H, h_BH in of_each)
        x_RBH = first
        for term_RBH in others:
            x_RBH = x_RBH + term_RBH
        return x_RBH
