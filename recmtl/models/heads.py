"""Heads: one logit for each task."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import linear


class Heads(nn.Module):
    """h_BTH -> logits_BT for the asked tasks."""

    def __init__(self, num_tasks: int, in_dim: int) -> None:
        super().__init__()
        self.head = nn.ModuleList(linear(in_dim, 1) for _ in range(num_tasks))

    def forward(self, h_BTH: Tensor, tasks: Sequence[int]) -> Tensor:
        """`h_BTH` holds the asked tasks alone, in the order of `tasks`."""
        return torch.cat([self.head[task](h_BH) for task, h_BH in zip(tasks, h_BTH.unbind(1), strict=True)], dim=1)
