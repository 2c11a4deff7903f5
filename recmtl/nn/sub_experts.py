"""A mixture of mixtures of experts."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recmtl.nn.experts import Experts
from recmtl.nn.mixture import mix
from recmtl.nn.mlp import linear


class SubExperts(nn.Module):
    """x_BI -> h_BH: sum_k softmax(G x)_k sum_m softmax(G_k x)_m e_km(x), K experts of M sub-experts each."""

    def __init__(
        self, num_experts: int, num_sub_experts: int, in_dim: int, widths: Sequence[int], dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.num_experts, self.out_dim = num_experts, widths[-1]
        self.experts = Experts(num_experts * num_sub_experts, in_dim, widths, dropout)
        # one expert alone is all of its mixture: its gate would be dead weight
        self.gate = linear(in_dim, num_experts, bias=False) if num_experts > 1 else None
        self.sub_gates = linear(in_dim, num_experts * num_sub_experts, bias=False) if num_sub_experts > 1 else None

    def forward(self, x_BI: Tensor, expert_BEH: Tensor) -> Tensor:
        """The mixture of what `experts` say, who may be asked side by side with those of other mixtures."""
        share_BKM = torch.ones(len(x_BI), self.num_experts, expert_BEH.shape[1] // self.num_experts, device=x_BI.device)
        if self.gate is not None:
            share_BKM = share_BKM * self.gate(x_BI).softmax(-1).unsqueeze(-1)
        if self.sub_gates is not None:
            share_BKM = share_BKM * self.sub_gates(x_BI).unflatten(-1, (self.num_experts, -1)).softmax(-1)
        return mix(share_BKM.flatten(1).unsqueeze(1), expert_BEH)[:, 0]
