"""A layer's product in single precision, whatever that of the others: for what is added to a logit."""

import torch
from torch import Tensor, nn


def single(layer: nn.Linear, x: Tensor) -> Tensor:
    """The layer of x."""
    with torch.autocast(x.device.type, enabled=False):
        return layer(x.float())
