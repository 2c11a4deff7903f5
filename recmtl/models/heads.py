"""Heads: one logit for each route."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recmtl.models.routes import Routes
from recmtl.nn.mlp import linear
from recmtl.nn.picked import picked


class Heads(nn.Module):
    """h_BRH -> logits_BR for the asked routes, in single precision."""

    def __init__(self, routes: Routes, in_dim: int) -> None:
        super().__init__()
        self.routes = routes
        self.head = nn.ModuleList(linear(in_dim, 1) for _ in range(len(routes)))

    def forward(self, h_BRH: Tensor, routes: Sequence[int], wide: Tensor | None = None) -> Tensor:
        """The logits of each route's own head.

        Args:
            h_BRH: the asked routes alone, in the order of `routes`.
            routes: which.
            wide: wide_BT that is added; [C, B, T] if there are copies of the tables: those of the routes, in order,
                of which each is added to its own logit, then shared ones, which are added to all.
        """
        with torch.autocast(h_BRH.device.type, enabled=False):
            of_each = zip(routes, h_BRH.float().unbind(1), strict=True)
            logits_BR = torch.cat([self.head[route](h_BH) for route, h_BH in of_each], dim=1)
        if wide is None:
            return logits_BR
        tasks = [self.routes.task(route) for route in routes]
        wide = wide.expand(*wide.shape[:-1], len(self.routes.tasks))
        if wide.ndim == 2:
            return logits_BR + picked(wide, tasks)
        own_BR = torch.stack([wide[route, :, task] for route, task in zip(routes, tasks, strict=True)], dim=1)
        return logits_BR + own_BR + picked(wide[len(self.routes) :].sum(0), tasks)
