"""A vector that something is known by."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LearntVector(nn.Module):
    """`vector` starts uniformly between -1 and 1 over sqrt(dim), as those in embedding tables do."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.vector = nn.Parameter(torch.empty(dim).uniform_(-1, 1) * dim**-0.5)


def by_row(vectors: Sequence[Tensor], index_B: Tensor) -> Tensor:
    """[B, D]: each row's of the vectors."""
    return torch.stack(list(vectors)).index_select(0, index_B)
