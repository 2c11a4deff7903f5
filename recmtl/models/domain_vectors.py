"""A vector of each domain, for what reads the domain as an input."""

from typing import cast

import torch
from torch import Tensor, nn


class DomainVectors(nn.Module):
    """domain_B -> vector_BV. A model whose paper has an embedding of the domain holds one, and no feature is needed."""

    def __init__(self, domains: int, dim: int) -> None:
        super().__init__()
        self.of_domain = nn.ModuleList(_Vector(dim) for _ in range(domains))
        self.out_dim = dim

    def all(self) -> Tensor:
        """vector_DV of all domains, in order."""
        return torch.stack([cast(_Vector, one).vector for one in self.of_domain])

    def forward(self, domain_B: Tensor) -> Tensor:
        """Each row's."""
        return self.all().index_select(0, domain_B)


class _Vector(nn.Module):
    """Of one domain, starting near length 1."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        # no row of a table: a weight with two dimensions is one that rows are multiplied by
        self.vector = nn.Parameter(torch.randn(dim) * dim**-0.5)
