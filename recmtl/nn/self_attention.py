"""A layer of a transformer's encoder (Vaswani et al., NeurIPS 2017) over lists of different lengths."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.nn.mixture import mix
from recmtl.nn.mlp import linear
from recmtl.nn.padded import Padded

_PLACES = 16
"""Lists are filled up to a multiple of this: with other sizes products have other last bits, and what is said of a row
would depend on how long the lists beside it are.
"""


class SelfAttention(nn.Module):
    """vectors_BLD -> vectors_BLD: y = norm(x + attention(x)), then norm(y + W relu(V y)); places have no order, and a
    list without any stays without.
    """

    def __init__(self, dim: int, heads: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.inputs, self.output = linear(dim, 3 * dim), linear(dim, dim)
        self.hidden, self.last = linear(dim, hidden), linear(hidden, dim)
        self.attended, self.passed = nn.LayerNorm(dim), nn.LayerNorm(dim)
        for norm in (
            self.attended,
            self.passed,
        ):  # what comes out is as large as vectors of tables start, not sqrt(dim) times as large
            nn.init.constant_(norm.weight, dim**-0.5)
        self.dropout = nn.Dropout(dropout)

    def forward(self, lists: Padded) -> Padded:
        """Behind a list's end it stays zero."""
        more = -lists.known_BL.shape[1] % _PLACES
        x_BLD, known_BL = F.pad(lists.vectors_BLD, (0, 0, 0, more)), F.pad(lists.known_BL, (0, more))
        y_BLD = self.attended(x_BLD + self.dropout(self._attention(x_BLD, known_BL)))
        z_BLD = self.passed(y_BLD + self.dropout(self.last(self.dropout(self.hidden(y_BLD).relu()))))
        length = lists.known_BL.shape[1]
        return Padded((z_BLD * known_BL.unsqueeze(-1))[:, :length], lists.known_BL)

    def _attention(self, x_BLD: Tensor, known_BL: Tensor) -> Tensor:
        heads_BLND = self.inputs(x_BLD).unflatten(-1, (3 * self.heads, -1))
        query, key, value = heads_BLND.transpose(1, 2).chunk(3, dim=1)
        score = (query @ key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5
        # a finite number: a list without any place would have no softmax
        unknown_B11L = ~known_BL[:, None, None]
        share = score.masked_fill(unknown_B11L, torch.finfo(torch.float32).min).softmax(-1)
        mixed = mix(share.flatten(0, 1), value.flatten(0, 1)).unflatten(0, (-1, self.heads))
        return self.output(mixed.transpose(1, 2).flatten(-2))
