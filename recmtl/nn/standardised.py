"""Batch normalisation without a scale and a shift of its own."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Standardised(nn.Module):
    """x_BI -> (x - mean) / sqrt(variance + 1e-5), in single precision: of the batch in training, of what batches were
    like in evaluation, and for a row that is trained alone.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, dim: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("variance", torch.ones(dim))

    def forward(self, x_BI: Tensor) -> Tensor:
        """Training moves what batches are like by `momentum` of the difference."""
        training = self.training and len(x_BI) > 1
        return F.batch_norm(x_BI.float(), self.mean, self.variance, training=training, momentum=self.momentum)
