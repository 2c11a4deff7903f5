"""Progressive Layered Extraction (Tang et al., RecSys 2020, doi 10.1145/3383313.3412236, eq. 1 to 6). One level is the
paper's CGC.

    g_t(h_t) = sum_e softmax(W_t h_t)_e S_te        S_t = [experts of task t; shared experts]
    g_s(h_s) = sum_e softmax(W_s h_s)_e S_se        S_s = [experts of all tasks; shared experts]

At the first level h_t = h_s = x; at every other, the experts of task t and its gate read g_t of the level before, the
shared ones g_s. The last level has no shared gate. Without experts of its own a task mixes the shared ones alone: with
one level this is MMoE. With hidden layers in the gates, W_t h_t is W_t gate_t(h_t).
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, cast

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import Experts, side_by_side
from recmtl.nn.mixture import mix
from recmtl.nn.mlp import MLP, linear
from recmtl.nn.towers import Towers

# B rows, I input, E experts, R asked routes, H width


class PLEConfig(SharingConfig):
    """Experts of each task and shared ones, in levels, mixed by gates (Tang et al., RecSys 2020)."""

    paper: ClassVar = "Tang et al., RecSys 2020"
    rule: ClassVar = (
        "In each level a task's gate mixes experts of its own and shared ones; what it mixed is what they "
        "read in the next level; a tower follows the last one. One level is CGC."
    )

    name: Literal["ple"] = "ple"
    num_levels: PositiveInt = 2
    """Levels of extraction; one is CGC."""
    num_specific_experts: NonNegativeInt = 2
    """Experts of each task alone, at each level."""
    num_shared_experts: PositiveInt = 2
    """Experts that all tasks share, at each level."""
    expert: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of an expert's layers, first layer first."""
    gate: tuple[PositiveInt, ...] = ()
    """Widths of a gate's hidden layers, first layer first; none: its scores are linear in what it reads."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the mixture."""

    def build(self, plan: Plan) -> "PLE":
        """For this input and these routes."""
        return PLE(self, plan.in_dim, len(plan.routes))


class PLE(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("shared_experts",)

    def __init__(self, config: PLEConfig, in_dim: int, num_routes: int) -> None:
        super().__init__()
        in_dims = [in_dim] + [config.expert[-1]] * (config.num_levels - 1)
        self.shared_experts = nn.ModuleList(
            Experts(config.num_shared_experts, width, config.expert, config.dropout) for width in in_dims
        )
        self.levels = nn.ModuleList(
            _Level(config, width, num_routes, last=place == len(in_dims)) for place, width in enumerate(in_dims, 1)
        )
        self.towers = Towers(num_routes, config.expert[-1], config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """Every level but the last computes all routes, since its shared gate reads them all."""
        everyone = range(len(self.towers.tower))
        inputs = [x_BI]  # what all read; after the first level each route's, then the shared one
        for level, shared in zip(self.levels, self.shared_experts, strict=True):
            asked = routes if level.shared_gate is None else everyone
            if len(inputs) > 1:
                inputs = [inputs[route] for route in asked] + inputs[-1:]
            inputs = list(level(inputs, shared, asked).unbind(1))
        return self.towers(torch.stack(inputs, dim=1), routes)


class _Level(nn.Module):
    """The experts of each task, and the gates."""

    def __init__(self, config: PLEConfig, in_dim: int, num_routes: int, last: bool) -> None:
        super().__init__()
        specific, shared = config.num_specific_experts, config.num_shared_experts
        self.num_specific, self.num_shared = specific, shared
        self.experts = nn.ModuleList(
            Experts(specific, in_dim, config.expert, config.dropout) for _ in range(num_routes if specific else 0)
        )
        self.gates = nn.ModuleList(_gate(config, in_dim, specific + shared) for _ in range(num_routes))
        self.shared_gate = None if last else _gate(config, in_dim, num_routes * specific + shared)

    def forward(self, inputs: Sequence[Tensor], shared: Experts, routes: Sequence[int]) -> Tensor:
        """The mixtures [B, R, H] of the routes, and that of the shared gate after them if the level has one.

        Args:
            inputs: [B, I]: the one that all read, or each route's and then the shared one.
            shared: the level's shared experts.
            routes: whose mixtures are wanted; all of them unless the level is the last.
        """
        own = [cast(Experts, self.experts[route]) for route in routes] if len(self.experts) else []
        gates = [self.gates[route] for route in routes]
        gates += [self.shared_gate] if self.shared_gate else []
        if len(inputs) == 1:
            expert_BEH = side_by_side([*own, shared], inputs[0])
        else:
            read = [*inputs[: len(own)], inputs[-1]]
            expert_BEH = torch.cat([group(x_BI) for group, x_BI in zip([*own, shared], read, strict=True)], dim=1)
        score_BG = _scores(gates, inputs)
        return mix(self._spread(score_BG, len(gates), expert_BEH.shape[1]).softmax(-1), expert_BEH)

    def _spread(self, score_BG: Tensor, num_gates: int, num_experts: int) -> Tensor:
        """Scores [B, R, E] of all experts, from each gate's scores of those that it mixes: the others' are -inf."""
        common = range(num_experts - self.num_shared, num_experts)
        everything = range(num_experts)
        places = []
        for gate in range(num_gates):
            own = range(gate * self.num_specific, (gate + 1) * self.num_specific)
            mixed = everything if self.shared_gate and gate == num_gates - 1 else (*own, *common)
            places += [gate * num_experts + expert for expert in mixed]
        unread_BG = score_BG.new_full((len(score_BG), num_gates * num_experts), -torch.inf)
        index_G = torch.tensor(places, device=score_BG.device)
        return unread_BG.index_copy(1, index_G, score_BG).unflatten(-1, (num_gates, num_experts))


def _gate(config: PLEConfig, in_dim: int, num_scores: int) -> nn.Module:
    """Linear; behind hidden layers, if the config has any."""
    if not config.gate:
        return linear(in_dim, num_scores, bias=False)
    return nn.Sequential(MLP(in_dim, config.gate, config.dropout), linear(config.gate[-1], num_scores, bias=False))


def _scores(gates: Sequence[nn.Module], inputs: Sequence[Tensor]) -> Tensor:
    """score_BG, one gate's after the other's. They read the one input; or each its own, in order."""
    linears = [gate for gate in gates if isinstance(gate, nn.Linear)]
    if len(inputs) == 1 and linears:  # one product
        return F.linear(inputs[0], torch.cat([gate.weight for gate in linears]))
    read = [*inputs] * len(gates) if len(inputs) == 1 else inputs
    return torch.cat([gate(x_BI) for gate, x_BI in zip(gates, read, strict=False)], dim=1)
