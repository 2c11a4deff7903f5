"""Gates on whole features, which close exactly."""

import torch
from torch import Tensor, nn


class FieldGates(nn.Module):
    """fields_BFD -> w_BNF = relu(tanh(<g_nf, e_f> + b_nf)): for each of N readers one gate a feature, from 0, where the
    reader drops it, to 1. b starts at 1: gates that start closed would not learn.
    """

    def __init__(self, readers: int, fields: int, dim: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(fields, dim, readers))
        self.bias = nn.Parameter(torch.ones(fields * readers))  # flat: it takes part in no product
        with torch.no_grad():
            for vector_DN in self.vectors:
                nn.init.xavier_normal_(vector_DN)

    def forward(self, fields_BFD: Tensor) -> Tensor:
        """In single precision."""
        score_FBN = torch.bmm(fields_BFD.transpose(0, 1), self.vectors).float()
        score_FBN = score_FBN + self.bias.unflatten(0, (len(score_FBN), 1, -1))
        return score_FBN.tanh().relu().permute(1, 2, 0)
