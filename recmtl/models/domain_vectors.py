"""A vector of each domain, for what reads the domain as an input."""

from typing import cast

import torch
from torch import Tensor, nn

from recmtl.nn.learnt_vector import LearntVector, by_row


class DomainVectors(nn.Module):
    """domain_B -> vector_BV. A model whose paper has an embedding of the domain holds one, and no feature is needed."""

    def __init__(self, domains: int, dim: int) -> None:
        super().__init__()
        # no rows of a table: a weight with two dimensions is one that rows are multiplied by
        self.of_domain = nn.ModuleList(LearntVector(dim) for _ in range(domains))
        self.out_dim = dim

    def all(self) -> Tensor:
        """vector_DV of all domains, in order."""
        return torch.stack(self._vectors())

    def forward(self, domain_B: Tensor) -> Tensor:
        """Each row's."""
        return by_row(self._vectors(), domain_B)

    def _vectors(self) -> list[Tensor]:
        return [cast(LearntVector, one).vector for one in self.of_domain]
