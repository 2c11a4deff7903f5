"""A weight of each field, from all fields (SENET in FiBiNET, Huang et al., RecSys 2019, eq. 3 to 6)."""

from torch import Tensor, nn

from recmtl.nn.mlp import linear

# B rows, F fields, D their width


class SENET(nn.Module):
    """fields_BFD -> v_i a_i, where a = relu(W_2 relu(W_1 z)) and z_i is the mean of v_i's values.

    The paper's layers have no biases. Then a field whose row of W_2 starts negative is shut in every row: the inner
    relu gives nothing below zero, so nothing opens it again. Here both have them, and the outer ones start at 1: all
    fields pass.
    """

    def __init__(self, num_fields: int, reduction: int) -> None:
        super().__init__()
        hidden = max(1, num_fields // reduction)
        self.squeeze, self.excite = linear(num_fields, hidden), linear(hidden, num_fields)
        nn.init.ones_(self.excite.bias)

    def forward(self, fields_BFD: Tensor) -> Tensor:
        """Weigh the fields."""
        weight_BF = self.excite(self.squeeze(fields_BFD.mean(2)).relu()).relu()
        return fields_BFD * weight_BF.unsqueeze(2)
