"""Squared error of the rows with a positive label (LT4REC's loss of its completion task, arXiv 2008.09872)."""

from typing import Literal

import torch
from pydantic import NonNegativeFloat
from torch import Tensor

from recmtl.losses.mse import MseConfig


class WeightedMseConfig(MseConfig):
    """Regression: (p - y)^2, averaged with the weight 1 where y > 0 and `zero_weight` elsewhere."""

    name: Literal["weighted_mse"] = "weighted_mse"  # type: ignore[assignment]
    zero_weight: NonNegativeFloat = 0.0
    """Weight of rows whose label is not above 0; LT4REC leaves them out."""

    def weights(self, label_BT: Tensor) -> Tensor:
        """By the label."""
        return torch.where(label_BT > 0, 1.0, self.zero_weight)
