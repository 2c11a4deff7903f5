"""Mixed dimension embeddings (Ginart et al., ISIT 2021, arXiv 1909.11810): narrower vectors beside others."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recmtl.nn.picked import picked


class Widening(nn.Module):
    """vectors_BFW -> fields_BFW of more columns: e -> e P, with a P for each table and copy, without bias.

    W holds the copies' vectors side by side, then columns that stay as they are.
    """

    def __init__(self, tables: int, copies: int, dim: int, out_dim: int) -> None:
        super().__init__()
        self.copies, self.columns = copies, copies * dim
        self.weight = nn.Parameter(torch.empty(tables, copies, dim, out_dim))
        nn.init.normal_(self.weight, std=out_dim**-0.5)  # fields start about as large as those of the full width

    def forward(self, vectors_BFW: Tensor, tables_F: Sequence[int]) -> Tensor:
        """Each field by the map of its table."""
        narrow_BFCD = vectors_BFW[..., : self.columns].unflatten(-1, (self.copies, -1))
        wider_BFCO = torch.einsum("bfcd,fcdo->bfco", narrow_BFCD, picked(self.weight, tables_F, dim=0))
        return torch.cat([wider_BFCO.flatten(2).float(), vectors_BFW[..., self.columns :]], dim=-1)
