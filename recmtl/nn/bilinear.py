"""Bilinear products of pairs of fields (FiBiNET, Huang et al., RecSys 2019, eq. 7 to 9)."""

from typing import Literal

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear

Kind = Literal["field_all", "field_each", "field_interaction"]

# B rows, F fields, D their width, P pairs i < j


class Bilinear(nn.Module):
    """fields_BFD -> (v_i W) * v_j for each pair i < j, [B, P, D].

    W is one for all pairs (field_all), one for each i (field_each; the last field is no i) or one for each pair
    (field_interaction).
    """

    def __init__(self, kind: Kind, num_fields: int, dim: int) -> None:
        super().__init__()
        self.kind, self.num_pairs = kind, num_fields * (num_fields - 1) // 2
        later = range(num_fields - 1, 0, -1)  # fields behind each one
        matrices = {"field_all": [1], "field_each": [1] * len(later), "field_interaction": later}[kind]
        layers = [linear(dim, count * dim, bias=False) for count in matrices]
        with torch.no_grad():  # Glorot's scale is that of one matrix, not of all side by side
            for layer, count in zip(layers, matrices, strict=True):
                for weight_DD in layer.weight.chunk(count):
                    nn.init.xavier_normal_(weight_DD)
        self.left = nn.ModuleList(layers)

    def forward(self, fields_BFD: Tensor) -> Tensor:
        """The pairs of the first field, of the second, ..."""
        first, layers = fields_BFD.unbind(1)[:-1], [*self.left]
        if self.kind == "field_all":
            layers *= len(first)
        left = [layer(v_BD).unflatten(1, (-1, v_BD.shape[1])) for layer, v_BD in zip(layers, first, strict=True)]
        return torch.cat([left_BJD * fields_BFD[:, i + 1 :] for i, left_BJD in enumerate(left)], dim=1)
