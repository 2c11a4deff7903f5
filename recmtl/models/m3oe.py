"""Multi-domain multi-task mixture of experts (M3oE, Zhang et al., SIGIR 2024, arXiv 2404.18465).

    h        = W_c ((W_d * W_shared) x + b_d + b_shared) + b_c + f(x)            of domain d
    S        = sum_e softmax(G_dt h)_e e(h)                                      experts that all share
    D        = beta_D e_d(h) + (1 - beta_D) mean of e_d'(h), d' != d             an expert of each domain
    T        = beta_T e_t(h) + (1 - beta_T) mean of e_t'(h), t' != t             an expert of each task
    logit_dt = head_dt(tower_dt(S + alpha_T T + alpha_D D))

An expert is relu(norm(W h + b)), and so is f; alphas and betas are sigmoids of free numbers. The paper searches these
in turns with the weights (an epoch of weights, then a batch of validation rows for the alphas and betas, as in DARTS);
here they are ordinary parameters, which learn with the weights from the same rows. With one domain, or one task, its
expert is all of D, or of T.

Scenario-Wise-Rec leaves out the tasks' experts, and starts W_d and W_shared both by Glorot, so that their product is
next to nothing; W_d starts at 1 here, and every domain as the same one.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, cast

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.mixture import mix
from recmtl.nn.mlp import linear
from recmtl.nn.normed_experts import NormedExperts
from recmtl.nn.picked import picked
from recmtl.nn.towers import Towers

# B rows, I input, E experts, R asked routes, H width

Share = Annotated[float, Field(gt=0, lt=1)]


class M3oEConfig(SharingConfig):
    """Shared experts, an expert of each domain and one of each task, weighted by shares that are learnt (Zhang et al.,
    SIGIR 2024).
    """

    paper: ClassVar = "Zhang et al., SIGIR 2024"
    rule: ClassVar = (
        "A task in a domain reads its mixture of shared experts, plus learnt shares of the domains' experts and of the "
        "tasks' experts, through a tower of its own."
    )

    name: Literal["m3oe"] = "m3oe"
    per_domain: Literal[True] = True
    """Always: layers, gates, towers and heads are of a domain."""
    star: PositiveInt = 256
    """Width of the layer whose weights are the product of a domain's and shared ones."""
    hidden: PositiveInt = 128
    """Width of what all experts read."""
    num_shared_experts: PositiveInt = 4
    """Experts that all tasks in all domains share."""
    expert: PositiveInt = 128
    """Width of an expert's layer."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of the tower of a task in a domain before its logit; none: the logit reads the sum."""
    alpha: Share = 0.5
    """What the domains' and the tasks' experts are multiplied by at the start."""
    beta: Share = 0.75
    """Share of a domain's, or a task's, own expert at the start; at 0.5 two domains would read the same."""

    def build(self, plan: Plan) -> "M3oE":
        """For this input and these routes."""
        return M3oE(self, plan)


class M3oE(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("star", "joined", "agnostic", "shared_experts", "domain_experts")

    def __init__(self, config: M3oEConfig, plan: Plan) -> None:
        super().__init__()
        self.routes = plan.routes
        domains, tasks, num_routes = plan.routes.domains, len(plan.routes.tasks), len(plan.routes)
        self.star = linear(plan.in_dim, config.star)
        self.of_domain = nn.ModuleList(_Ones(plan.in_dim, config.star) for _ in range(domains))
        self.joined = linear(config.star, config.hidden)
        self.agnostic = NormedExperts(1, plan.in_dim, config.hidden, config.dropout)
        self.shared_experts = NormedExperts(config.num_shared_experts, config.hidden, config.expert, config.dropout)
        self.domain_experts = NormedExperts(domains, config.hidden, config.expert, config.dropout)
        self.task_experts = NormedExperts(tasks, config.hidden, config.expert, config.dropout)
        self.gates = linear(config.hidden, num_routes * config.num_shared_experts, bias=False)
        self.alpha_domain, self.alpha_task = _free(config.alpha), _free(config.alpha)
        self.beta_domain = _free(config.beta) if domains > 1 else None
        self.beta_task = _free(config.beta) if tasks > 1 else None
        self.towers = Towers(num_routes, config.expert, config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """All experts once, the asked gates and towers."""
        domain, tasks = self.routes.domain(routes[0]), [self.routes.task(route) for route in routes]
        h_BH = self._representation(x_BI, domain)
        expert_BEH = self.shared_experts(h_BH)
        gate_BRE = picked(self.gates(h_BH).unflatten(-1, (-1, expert_BEH.shape[1])), routes).softmax(-1)
        domain_B1H = _balanced(self.domain_experts(h_BH), [domain], self.beta_domain)
        task_BRH = _balanced(self.task_experts(h_BH), tasks, self.beta_task)
        added_BRH = self.alpha_task.sigmoid() * task_BRH + self.alpha_domain.sigmoid() * domain_B1H
        return self.towers(mix(gate_BRE, expert_BEH) + added_BRH, routes)

    def _representation(self, x_BI: Tensor, domain: int) -> Tensor:
        own, star = cast(_Ones, self.of_domain[domain]), self.star
        star_BH = F.linear(x_BI, star.weight * own.weight, star.bias + own.bias)
        return self.joined(star_BH) + self.agnostic(x_BI)[:, 0]


class _Ones(nn.Module):
    """A domain's part of the star layer, which changes nothing at the start."""

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(out_dim, in_dim))
        self.bias = nn.Parameter(torch.zeros(out_dim))


def _free(share: float) -> nn.Parameter:
    """The number whose sigmoid is the share."""
    return nn.Parameter(torch.tensor([share]).logit())


def _balanced(expert_BEH: Tensor, own: Sequence[int], beta: Tensor | None) -> Tensor:
    """[B, R, H]: for each place in `own` beta of that expert, and the rest of the others' mean."""
    own_BRH = picked(expert_BEH, own)
    if beta is None:
        return own_BRH
    others_BRH = (expert_BEH.sum(1, keepdim=True) - own_BRH) / (expert_BEH.shape[1] - 1)
    return torch.lerp(others_BRH, own_BRH, beta.sigmoid())
