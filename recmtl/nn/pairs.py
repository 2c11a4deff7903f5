"""Products of pairs of field vectors."""

import torch
from torch import Tensor


def inner_products(fields_BFD: Tensor) -> Tensor:
    """<v_i, v_j> for each pair i < j: [B, F (F - 1) / 2]."""
    return _upper(torch.bmm(fields_BFD, fields_BFD.transpose(1, 2)), diagonal=1)


def summed_outer_products(fields_BFD: Tensor) -> Tensor:
    """The sum of v_i v_j^T over all i and j, which is that of the summed vectors: symmetric, so that the values from
    its diagonal on are all, [B, D (D + 1) / 2].
    """
    total_BD = fields_BFD.sum(1)
    return _upper(total_BD.unsqueeze(2) * total_BD.unsqueeze(1), diagonal=0)


def _upper(square_BNN: Tensor, diagonal: int) -> Tensor:
    """What lies above a diagonal, row after row."""
    side = square_BNN.shape[-1]
    row_P, column_P = torch.triu_indices(side, side, diagonal, device=square_BNN.device)
    return square_BNN.flatten(1).index_select(1, row_P * side + column_P)
