"""Fixed weights: the loss is sum_t w_t loss_t."""

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from recmtl.balancing.base import Balance, BalanceConfig
from recmtl.config import nearest
from recmtl.errors import ConfigError


class FixedConfig(BalanceConfig):
    """A weight for each task, the same all along."""

    name: Literal["fixed"] = "fixed"
    weights: dict[str, PositiveFloat] = Field(default_factory=dict)
    """Weight of each task's loss; 1 for a task that is not named."""

    def build(self, tasks: Sequence[str]) -> "Fixed":
        """For these tasks."""
        return Fixed([self.weights.get(task, 1.0) for task in tasks])

    def check(self, tasks: Sequence[str]) -> None:
        """Refuse a weight for a task that is not there."""
        for task in self.weights:
            if task not in tasks:
                raise ConfigError(f"train.balance.weights names the task {task!r}{nearest(task, tasks)}.")


class Fixed(Balance):
    """sum_t w_t loss_t."""

    def __init__(self, weights: Sequence[float]) -> None:
        self.weights_T = torch.tensor(weights)

    def backward(self, losses_T: Tensor, extra: Tensor | None = None) -> None:
        """Of the weighted sum."""
        total = (self.weights_T.to(losses_T.device) * losses_T).sum()
        (total if extra is None else total + extra).backward()
