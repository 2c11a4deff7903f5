"""Shared and task-specific embeddings (STEM, Su et al., AAAI 2024, arXiv 2308.13537).

    h_t = tower_t(sum_e g_te e(x_e))        g_t = softmax(gate_t(x_t + x_shared))

Each task has embedding tables of its own beside the shared ones, and experts that read them: x_e is the input from the
tables to which the expert belongs. The gate of task t mixes all experts, its own, the shared ones and those of the
other tasks; but what comes from other tasks' experts is taken as a constant: it is read, and never trained by t. So a
user about whom two tasks disagree has a vector for each, and the shared tables hold what they agree on.

Where the gate of t passed a gradient to the experts of other tasks, their tables would be shared tables again.

This is the paper's net of one level; it has no gate of the shared branch, which would feed the next one.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan, Routes
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import Experts
from recmtl.nn.mixture import mix
from recmtl.nn.mlp import linear
from recmtl.nn.towers import Towers

# C copies of the tables, B rows, I input, E experts, S experts of each route, R asked routes, H width


class STEMConfig(SharingConfig):
    """Embedding tables of each task beside shared ones; a task reads the others' experts without training them (Su et
    al., AAAI 2024).
    """

    paper: ClassVar = "Su et al., AAAI 2024"
    rule: ClassVar = (
        "Each task has embedding tables and experts of its own beside shared ones; its gate mixes all experts, and no "
        "gradient passes to those of other tasks."
    )

    name: Literal["stem"] = "stem"
    num_specific_experts: PositiveInt = 1
    """Experts that read each task's own tables."""
    num_shared_experts: PositiveInt = 4
    """Experts that read the shared tables."""
    expert: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of an expert's layers, first layer first."""
    gate: tuple[PositiveInt, ...] = (64,)
    """Widths of a gate's layers before its scores; none: the scores are linear."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the mixture."""

    def copies(self, routes: Routes) -> int:
        """One of each route, then the shared one."""
        return len(routes) + 1

    def build(self, plan: Plan) -> "STEM":
        """For this input and these routes."""
        return STEM(self, plan.in_dim, len(plan.routes))


class STEM(Sharing):
    """x_CBI -> h_BRH; the last copy is the shared one."""

    shared: ClassVar = ("shared_experts",)

    def __init__(self, config: STEMConfig, in_dim: int, num_routes: int) -> None:
        super().__init__()
        self.shared_experts = Experts(config.num_shared_experts, in_dim, config.expert, config.dropout)
        self.experts = nn.ModuleList(
            Experts(config.num_specific_experts, in_dim, config.expert, config.dropout) for _ in range(num_routes)
        )
        num_experts = num_routes * config.num_specific_experts + config.num_shared_experts
        self.gates = Towers(num_routes, in_dim, config.gate, config.dropout)
        self.scores = nn.ModuleList(linear(self.gates.out_dim, num_experts, bias=False) for _ in range(num_routes))
        self.towers = Towers(num_routes, config.expert[-1], config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_CBI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """All experts, the asked gates and towers."""
        of_each = [experts(x_BI) for experts, x_BI in zip(self.experts, x_CBI, strict=False)]
        specific_BEH, shared_BEH = torch.cat(of_each, dim=1), self.shared_experts(x_CBI[-1])
        gate_BRE = self._gates(x_CBI, routes)
        own_BRS, others_BRE = self._own_and_others(gate_BRE[..., : specific_BEH.shape[1]], routes)
        own_BRSH = torch.stack([of_each[route] for route in routes], dim=1)
        mixed_BRH = mix(gate_BRE[..., specific_BEH.shape[1] :].contiguous(), shared_BEH)
        mixed_BRH = mixed_BRH + mix(others_BRE, specific_BEH.detach())
        return self.towers(mixed_BRH + (own_BRS.unsqueeze(-1) * own_BRSH).sum(2), routes)

    def _gates(self, x_CBI: Tensor, routes: Sequence[int]) -> Tensor:
        read_BRI = torch.stack([x_CBI[route] + x_CBI[-1] for route in routes], dim=1)
        hidden_BRG = self.gates(read_BRI, routes)
        scores = [self.scores[route](g_BG) for route, g_BG in zip(routes, hidden_BRG.unbind(1), strict=True)]
        return torch.stack(scores, dim=1).softmax(-1)

    def _own_and_others(self, gate_BRE: Tensor, routes: Sequence[int]) -> tuple[Tensor, Tensor]:
        """The gates of each route's own experts, and all routes' gates with 0 for these."""
        by_route_BROS = gate_BRE.unflatten(-1, (len(self.experts), -1))
        index_R = torch.tensor(routes, device=gate_BRE.device)
        own_RO = torch.arange(len(self.experts), device=gate_BRE.device) == index_R.unsqueeze(1)
        own_BRS = torch.stack([by_route_BROS[:, place, route] for place, route in enumerate(routes)], dim=1)
        return own_BRS, by_route_BROS.masked_fill(own_RO[..., None], 0).flatten(2)
