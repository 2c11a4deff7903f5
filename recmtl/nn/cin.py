"""Compressed interaction network (xDeepFM, Lian et al., KDD 2018, eq. 6 and 7).

    X^k_h = sum_ij W^kh_ij (X^(k-1)_i * X^0_j)        X^0: the field vectors

Each layer's maps X^k_h are vectors as wide as the fields'; what goes out is the sum of each one's values.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear

_CACHED_ROWS = 128

# B rows, F fields, D their width, H maps of a layer


class CIN(nn.Module):
    """fields_BFD -> pooled_BP: the sums of the maps of all layers, first layer first."""

    def __init__(self, num_fields: int, maps: Sequence[int]) -> None:
        super().__init__()
        self.layer = nn.ModuleList(
            linear(before * num_fields, after, bias=False) for before, after in pairwise([num_fields, *maps])
        )
        self.out_dim = sum(maps)

    def forward(self, fields_BFD: Tensor) -> Tensor:
        """A processor takes few rows at a time: what lies between fits its caches, which is ten times as fast."""
        if fields_BFD.device.type != "cpu":
            return self._pooled(fields_BFD)
        return torch.cat([self._pooled(some_BFD) for some_BFD in fields_BFD.split(_CACHED_ROWS)])

    def _pooled(self, fields_BFD: Tensor) -> Tensor:
        """All products of a map and a field at once, in each layer."""
        first_BDF = fields_BFD.transpose(1, 2).contiguous()
        maps_BDH, pooled = first_BDF, []
        for layer in self.layer:
            products_BDP = (maps_BDH.unsqueeze(3) * first_BDF.unsqueeze(2)).flatten(2)
            maps_BDH = layer(products_BDP)
            pooled.append(maps_BDH.float().sum(1))
        return torch.cat(pooled, dim=1)
