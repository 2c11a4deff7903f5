"""A stack of fully connected layers, each with ReLU and dropout."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


class MLP(nn.Sequential):
    """x_BI -> h_BH: relu(x W + b), then dropout, for each width; without widths h is x."""

    def __init__(self, in_dim: int, widths: Sequence[int], dropout: float = 0.0) -> None:
        layers: list[nn.Module] = []
        for before, after in pairwise([in_dim, *widths]):
            # without dropout too: the weights' names, to which tickets are bound, do not depend on its rate
            layers += [linear(before, after), nn.ReLU(inplace=True), nn.Dropout(dropout)]
        super().__init__(*layers)
        self.out_dim = widths[-1] if widths else in_dim


def linear(in_dim: int, out_dim: int, bias: bool = True) -> nn.Linear:
    """A linear layer with Glorot normal weights and zero biases, as the ranking literature starts its networks."""
    layer = nn.Linear(in_dim, out_dim, bias)
    nn.init.xavier_normal_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer
