"""A mixture of experts, weighted by gates."""

import torch
from torch import Tensor


def mix(gate_BTE: Tensor, expert_BEH: Tensor) -> Tensor:
    """mixed_BTH = sum_e gate_BTE * expert_BEH, in the gates' precision: those that a softmax gives are single."""
    expert_BEH = expert_BEH.to(gate_BTE.dtype)
    with torch.autocast(gate_BTE.device.type, enabled=False):
        if gate_BTE.shape[1] == 1:  # the product of a vector takes three times as long
            return (gate_BTE.unsqueeze(-1) * expert_BEH.unsqueeze(1)).sum(2)
        return torch.bmm(gate_BTE, expert_BEH)
