"""A scale of each field's values, in front of products that do not say which field is which."""

import torch
from torch import Tensor, nn


class FieldScale(nn.Module):
    """fields_BFD -> s_FD * fields_BFD, each s drawn from a normal distribution of mean zero.

    A factorisation machine is symmetric in its fields. That is no loss where each feature has a table of its own, which
    could hold the scale too. Where two share one (an item, and the items clicked before) it could not tell one from the
    other; with a scale of its own for each field it can.
    """

    def __init__(self, num_fields: int, dim: int, std: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(num_fields * dim) * std)  # flat: no matrix of a product over rows

    def forward(self, fields_BFD: Tensor) -> Tensor:
        """Scale."""
        return fields_BFD * self.scale.view(fields_BFD.shape[1:])
