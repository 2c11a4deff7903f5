"""Self-attention over the fields of a row (AutoInt, Song et al., CIKM 2019, eq. 5 to 8)."""

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear

# B rows, F fields, D their width, H heads, A width of a head


class FieldAttention(nn.Module):
    """e_BFD -> e_BFO with O = H A: relu of what each field's heads attend to, and of a linear of the field itself.

    head_h(e_m) = sum_k softmax_k(<Q_h e_m, K_h e_k>) V_h e_k, without a scale in the softmax, as in the paper.
    """

    def __init__(self, dim: int, num_heads: int, head_dim: int) -> None:
        super().__init__()
        self.num_heads, self.out_dim = num_heads, num_heads * head_dim
        self.project = linear(dim, 4 * self.out_dim, bias=False)
        with torch.no_grad():  # four maps in one product, each with its own Glorot scale
            for weight_OD in self.project.weight.chunk(4):
                nn.init.xavier_normal_(weight_OD)

    def forward(self, e_BFD: Tensor) -> Tensor:
        """All heads at once."""
        *maps, residual_BFO = self.project(e_BFD).chunk(4, dim=-1)
        query_BHFA, key_BHFA, value_BHFA = (part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for part in maps)
        share_BHFF = (query_BHFA @ key_BHFA.transpose(2, 3)).float().softmax(-1)
        mixed_BHFA = share_BHFF @ value_BHFA.to(share_BHFF.dtype)
        return (mixed_BHFA.transpose(1, 2).flatten(2) + residual_BFO).relu()
