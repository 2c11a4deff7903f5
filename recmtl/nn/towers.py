"""Towers: a network of its own for each task."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recmtl.nn.mlp import MLP


class Towers(nn.Module):
    """h_BTH -> h_BTO: tower t reads its own slice; only the asked tasks' towers are computed."""

    def __init__(self, num_tasks: int, in_dim: int, widths: Sequence[int], dropout: float = 0.0) -> None:
        super().__init__()
        self.tower = nn.ModuleList(MLP(in_dim, widths, dropout) for _ in range(num_tasks))
        self.out_dim = widths[-1] if widths else in_dim

    def forward(self, h_BTH: Tensor, tasks: Sequence[int]) -> Tensor:
        """`h_BTH` holds the asked tasks alone, in the order of `tasks`."""
        of_each = [self.tower[task](h_BH) for task, h_BH in zip(tasks, h_BTH.unbind(1), strict=True)]
        return torch.stack(of_each, dim=1)
