"""Adam for embedding tables, whose moments move only for the rows of a batch (as TensorFlow's LazyAdam and torch's
SparseAdam do).

    m_r = b1 m_r + (1 - b1) g_r      v_r = b2 v_r + (1 - b2) g_r^2      for the rows r of the batch alone
    w_r -= lr sqrt(1 - b2^t) / (1 - b1^t) * m_r / (sqrt(v_r) + eps)     t: steps so far, of all rows alike

Dense Adam would also move every other row by its fading m_r.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer


class LazyAdam(Optimizer):
    """For parameters with coalesced sparse gradients, [rows, dim]."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})
        for group in self.param_groups:
            for weight in group["params"]:
                # both moments of a row side by side: rows lie far apart, and each visit waits for the memory
                self.state[weight] = {"step": 0, "moments": weight.new_zeros(len(weight), 2, *weight.shape[1:])}

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update the rows that have a gradient."""
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state, row, gradient = self.state[weight], weight.grad.indices()[0], weight.grad.values()
                state["step"] += 1
                moments = state["moments"].index_select(0, row)
                m, v = moments.unbind(1)
                m.lerp_(gradient, 1 - beta1)
                v.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
                state["moments"].index_copy_(0, row, moments)
                rate = group["lr"] * (1 - beta2 ** state["step"]) ** 0.5 / (1 - beta1 ** state["step"])
                moved = weight.index_select(0, row).addcdiv_(m, v.sqrt().add_(group["eps"]), value=-rate)
                weight.index_copy_(0, row, moved)
