"""Pooling of lists: from each row's vectors to one, over their true number; zero for a row without any."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def sum_pooled(values_LD: Tensor, offsets: Tensor) -> Tensor:
    """sum_BD of each row's values, values_LD[offsets[i] : offsets[i + 1]]."""
    # a sum's gradient is a copy here; that of embedding_bag takes several times as long
    return torch.segment_reduce(values_LD, "sum", offsets=offsets, axis=0)


def mean_pooled(values_LD: Tensor, offsets: Tensor) -> Tensor:
    """mean_BD of each row's values."""
    return sum_pooled(values_LD, offsets) / offsets.diff().clamp(min=1).unsqueeze(1)


def max_pooled(values_LD: Tensor, offsets: Tensor) -> Tensor:
    """max_BD of each row's values, column by column."""
    every_L = torch.arange(len(values_LD), device=values_LD.device)
    return F.embedding_bag(every_L, values_LD, offsets, mode="max", include_last_offset=True)


class AttentionPooling(nn.Module):
    """sum_l a_l e_l with a = softmax_l(q . e_l), l being a row's ids.

    q is learnt, the same for all rows; or, towards a target e_t, it is g * e_t, and g is learnt. It starts at 0, where
    a row's ids all count alike: as the mean. Each copy of the tables has a query of its own.
    """

    def __init__(self, copies: int, dim: int) -> None:
        super().__init__()
        self.copies = copies
        self.query = nn.Parameter(torch.zeros(copies * dim))

    def forward(self, vectors_LD: Tensor, offsets: Tensor, target_BD: Tensor | None = None) -> Tensor:
        """pooled_BD; D holds the copies' columns side by side."""
        length_B = offsets.diff()
        query = self.query if target_BD is None else _repeated(self.query * target_BD, length_B, len(vectors_LD))
        score_LC = (query * vectors_LD).unflatten(1, (self.copies, -1)).sum(-1)
        highest_BC = max_pooled(score_LC.detach(), offsets)  # else exp could overflow
        weight_LC = (score_LC - _repeated(highest_BC, length_B, len(vectors_LD))).exp()
        vectors_LCD = vectors_LD.unflatten(1, (self.copies, -1))
        sum_BCD = sum_pooled((weight_LC.unsqueeze(-1) * vectors_LCD).flatten(1), offsets).unflatten(
            1, (self.copies, -1)
        )
        total_BC = sum_pooled(weight_LC, offsets) + (length_B == 0).unsqueeze(1)
        return (sum_BCD / total_BC.unsqueeze(-1)).flatten(1)


def _repeated(values_BD: Tensor, length_B: Tensor, total: int) -> Tensor:
    """values_LD: each row's once for each of its ids."""
    return values_BD.repeat_interleave(length_B, dim=0, output_size=total)
