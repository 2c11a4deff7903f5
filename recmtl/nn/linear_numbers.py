"""Numbers as fields: each times a vector of its own, as factorisation machines read them (Rendle, ICDM 2010)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recmtl.nn.plain_numbers import PlainNumbers


class LinearNumbers(nn.Module):
    """v_BN -> fields_BNW: z_n w_n, with the standardised number z_n of `PlainNumbers`; m_n where it is missing.

    `vectors` holds all w, then all m, each of `columns` columns that start uniformly between -scale and scale, then
    so many as `zeros` says, which start there.
    """

    def __init__(self, knots: Sequence[Sequence[float]], columns: int, scale: float, zeros: int = 0) -> None:
        super().__init__()
        self.plain, self.out_dim = PlainNumbers(knots), 0
        start_2NW = torch.zeros(2, len(knots), columns + zeros)
        start_2NW[..., :columns].uniform_(-scale, scale)
        self.vectors = nn.Parameter(start_2NW.flatten())  # flat: they take part in no product over rows

    def forward(self, values_BN: Tensor) -> Tensor:
        """A field for each number."""
        weight_NW, missing_NW = self.vectors.unflatten(0, (2, values_BN.shape[1], -1))
        scaled_BNW = self.plain(values_BN).unsqueeze(-1) * weight_NW
        return torch.where(values_BN.isnan().unsqueeze(-1), missing_NW, scaled_BNW)
