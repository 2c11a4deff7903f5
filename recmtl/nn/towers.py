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
        return torch.stack([self.tower[task](h_BTH[:, place]) for place, task in enumerate(tasks)], dim=1)
