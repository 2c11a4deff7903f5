"""Row-wise Adagrad for embedding tables (Gupta et al. 2014; the default of large recommenders, Naumov et al. 2019).

    s_r += mean_d g_rd^2        w_r -= lr * g_r / (sqrt(s_r) + eps)

One number of state a row instead of one a weight, and only the rows of the batch are touched.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer


class RowwiseAdagrad(Optimizer):
    """For parameters with coalesced sparse gradients, [rows, dim]."""

    def __init__(self, params: Iterable[Tensor], lr: float, eps: float = 1e-8) -> None:
        super().__init__(params, {"lr": lr, "eps": eps})
        for group in self.param_groups:
            for weight in group["params"]:
                self.state[weight]["sum"] = weight.new_zeros(len(weight))

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update the rows that have a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                row, gradient = weight.grad.indices()[0], weight.grad.values()
                total = self.state[weight]["sum"]
                total.index_add_(0, row, gradient.square().mean(1))
                rate = group["lr"] / (total.index_select(0, row).sqrt_() + group["eps"])
                weight.index_add_(0, row, gradient * rate.unsqueeze(1), alpha=-1)
