"""HiNet (Zhou et al., ICDE 2023, arXiv 2303.06095): information is extracted first for the domain, then for the task.

    S   = mixture(x)            experts that all domains share
    G_d = mixture_d(x)          experts of domain d
    A_d = sum_j a_dj G_j        over the other domains j, a_d = softmax(free numbers of domain d)
    C_d = [S; G_d; A_d]
    h_dt = tower_dt(sum_e softmax(W_dt C_d)_e e(C_d))      over the task's own experts and those that tasks share

A mixture is one of experts that are mixtures of sub-experts themselves, each with gates that read x. The second layer
is PLE's CGC. The paper's a_d is the softmax of a linear layer of a learnt vector of the domain: as many free numbers.

A row is passed through the experts of all domains, which take part in A_d: so a domain trains those of the others too,
in the share a_dj. The domain's own are a_d, its gates and its towers. With one domain there is no A.
"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal, cast

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import Experts, side_by_side
from recmtl.nn.mixture import mix
from recmtl.nn.mlp import linear
from recmtl.nn.picked import picked
from recmtl.nn.sub_experts import SubExperts
from recmtl.nn.towers import Towers

# B rows, I input, D domains, E experts, R asked routes, H width


class HiNetConfig(SharingConfig):
    """Mixtures of experts of the domain, of all domains and of the others by attention, then experts of the task and
    shared ones (Zhou et al., ICDE 2023).
    """

    paper: ClassVar = "Zhou et al., ICDE 2023"
    rule: ClassVar = (
        "What shared experts, the domain's own and, by attention, those of the other domains say is read by experts "
        "of the task and shared ones, which a gate of the task in the domain mixes for a tower."
    )

    name: Literal["hinet"] = "hinet"
    per_domain: Literal[True] = True
    """Always: experts, gates, towers and heads are of a domain."""
    num_domain_experts: PositiveInt = 2
    """Experts of each domain, and as many that all share, each a mixture of sub-experts."""
    num_sub_experts: PositiveInt = 2
    """Sub-experts of each of these."""
    domain_expert: tuple[PositiveInt, ...] = Field(default=(128,), min_length=1)
    """Widths of a sub-expert's layers, first layer first."""
    num_specific_experts: NonNegativeInt = 1
    """Experts of each task alone, in the second layer."""
    num_shared_experts: PositiveInt = 2
    """Experts that tasks share, in the second layer."""
    expert: tuple[PositiveInt, ...] = Field(default=(128,), min_length=1)
    """Widths of the layers of these experts, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of the tower of a task in a domain before its logit; none: the logit reads the mixture."""

    def build(self, plan: Plan) -> "HiNet":
        """For this input and these routes."""
        return HiNet(self, plan)


class HiNet(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("all_domains", "each_domain", "all_tasks")

    def __init__(self, config: HiNetConfig, plan: Plan) -> None:
        super().__init__()
        self.routes = plan.routes
        domains, tasks, num_routes = plan.routes.domains, len(plan.routes.tasks), len(plan.routes)
        first = partial(
            SubExperts,
            config.num_domain_experts,
            config.num_sub_experts,
            plan.in_dim,
            config.domain_expert,
            config.dropout,
        )
        self.all_domains, self.each_domain = first(), nn.ModuleList(first() for _ in range(domains))
        self.of_domain = nn.ModuleList(_Others(domains - 1) for _ in range(domains))
        width = config.domain_expert[-1] * (3 if domains > 1 else 2)
        self.all_tasks = Experts(config.num_shared_experts, width, config.expert, config.dropout)
        own = range(tasks if config.num_specific_experts else 0)
        self.each_task = nn.ModuleList(
            Experts(config.num_specific_experts, width, config.expert, config.dropout) for _ in own
        )
        num_mixed = config.num_specific_experts + config.num_shared_experts
        self.gates = linear(width, num_routes * num_mixed, bias=False)
        self.towers = Towers(num_routes, config.expert[-1], config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """All domains' experts, the asked tasks' experts, gates and towers."""
        c_BI = self._of_domain(x_BI, self.routes.domain(routes[0]))
        groups = [cast(Experts, self.each_task[self.routes.task(route)]) for route in routes if len(self.each_task)]
        expert_BEH = side_by_side([*groups, self.all_tasks], c_BI)
        gate_BRE = picked(self.gates(c_BI).unflatten(-1, (len(self.routes), -1)), routes).softmax(-1)
        num_shared = self.all_tasks.num_experts
        own_BEH, shared_BEH = expert_BEH[:, :-num_shared], expert_BEH[:, -num_shared:]
        mixed_BRH = mix(gate_BRE[..., -num_shared:].contiguous(), shared_BEH)
        if groups:
            own_BRSH = own_BEH.unflatten(1, (len(routes), -1))
            mixed_BRH = mixed_BRH + (gate_BRE[..., :-num_shared].unsqueeze(-1) * own_BRSH).sum(2)
        return self.towers(mixed_BRH, routes)

    def _of_domain(self, x_BI: Tensor, domain: int) -> Tensor:
        """[S; G_d; A_d]."""
        groups = [self.all_domains, *(cast(SubExperts, group) for group in self.each_domain)]
        sub_BEH = side_by_side([group.experts for group in groups], x_BI).chunk(len(groups), dim=1)
        shared_BH, *each = [group(x_BI, h_BEH) for group, h_BEH in zip(groups, sub_BEH, strict=True)]
        others = each[:domain] + each[domain + 1 :]
        parts = [shared_BH, each[domain]]
        if others:
            parts.append((torch.stack(others, dim=-1) * self.of_domain[domain]()).sum(-1))
        return torch.cat(parts, dim=1)


class _Others(nn.Module):
    """-> how much a domain listens to each of the others; all alike at the start."""

    def __init__(self, num_others: int) -> None:
        super().__init__()
        # one other has all of it, whatever its number
        self.free = nn.Parameter(torch.zeros(num_others)) if num_others > 1 else None
        self.register_buffer("one", torch.ones(num_others), persistent=False)

    one: Tensor

    def forward(self) -> Tensor:
        return self.one if self.free is None else self.free.softmax(0)
