"""How much each of a row's past events matters for what is asked now."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear


class Relevance(nn.Module):
    """key_BLD, query_BD -> score_BL: a network that reads [key, query, key - query, key * query] (the activation unit
    of DIN, Zhou et al., KDD 2018). Its hidden layers have sigmoids, its last one has none.
    """

    def __init__(self, dim: int, widths: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise([4 * dim, *widths]):
            layers += [linear(before, after), nn.Sigmoid()]
        self.network = nn.Sequential(*layers, linear(widths[-1] if widths else 4 * dim, 1))

    def forward(self, key_BLD: Tensor, query_BD: Tensor) -> Tensor:
        """In single precision."""
        query_BLD = query_BD.unsqueeze(1).expand_as(key_BLD)
        read = torch.cat([key_BLD, query_BLD, key_BLD - query_BLD, key_BLD * query_BLD], dim=-1)
        scores: Tensor = self.network(read).float().squeeze(-1)
        return scores
