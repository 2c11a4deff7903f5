"""Hybrid of implicit and explicit Mixture-of-Experts (Li et al., CIKM 2020, doi 10.1145/3340531.3412713).

    s_i = head_i(tower_i(sum_e g_ie(x) * expert_e(x)))                  the implicit part, MMoE
    y_i = a_ii s_i + sum_{j != i} a_ij sg(s_j)      a_i = softmax(A_i x)

sg stops the gradient: a row trains the score of what it belongs to, and only reads the scores of the others. The paper
mixes the scores that the domains have for one task. So does this where each domain has scores of its own; where none
has, it mixes those of the tasks. Scores are mixed before the sigmoid: then a regression is mixed alike.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from recmtl.models.encoder import Encoded
from recmtl.models.mmoe import MMoE, MMoEConfig
from recmtl.models.output import Output
from recmtl.models.routes import Plan
from recmtl.models.sharing import Heads, SharingConfig
from recmtl.nn.mlp import linear
from recmtl.nn.picked import picked

# B rows, I input, R asked routes, P scores that one route mixes, N routes that have these scores


class HMoEConfig(SharingConfig):
    """MMoE whose scores are mixed again: each domain's, or task's, with those of the others (Li et al., CIKM 2020)."""

    paper: ClassVar = "Li et al., CIKM 2020"
    rule: ClassVar = (
        "MMoE; then each score is mixed with those of the other domains, or of the other tasks where domains have none "
        "of their own, by a gate over scores. The others' scores get no gradient."
    )

    name: Literal["hmoe"] = "hmoe"
    num_experts: PositiveInt = 4
    """Experts that all tasks share."""
    expert: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of an expert's layers, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its score; none: the score reads the mixture."""

    def build(self, plan: Plan) -> "HMoE":
        """For this input and these routes."""
        return HMoE(self, plan)


class HMoE(MMoE):
    """MMoE's h_BRH, and the logits of the mixed scores."""

    shared: ClassVar = ("experts",)

    def __init__(self, config: HMoEConfig, plan: Plan) -> None:
        implicit = MMoEConfig(
            num_experts=config.num_experts, expert=config.expert, tower=config.tower, dropout=config.dropout
        )
        super().__init__(implicit, plan.in_dim, len(plan.routes))
        self.routes = plan.routes
        self.label_gates = linear(plan.in_dim, len(plan.routes) * len(self._mixed(0)), bias=False)

    def forward(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int], heads: Heads) -> Output:
        """The scores of all that the asked routes mix, and their mixtures."""
        everyone = sorted({other for route in routes for other in self._mixed(route)})
        score_BN = heads(self.deep(x_BI, encoded, everyone), everyone)
        gate_BRP = picked(self.label_gates(x_BI).unflatten(-1, (len(self.routes), -1)), routes).float().softmax(-1)
        mixed = [
            self._mixture(route, gate_BP, everyone, score_BN)
            for route, gate_BP in zip(routes, gate_BRP.unbind(1), strict=True)
        ]
        return Output(torch.stack(mixed, dim=1))

    def _mixture(self, route: int, gate_BP: Tensor, everyone: Sequence[int], score_BN: Tensor) -> Tensor:
        """The mixture [B] of a route."""
        others = self._mixed(route)
        score_BP = picked(score_BN, [everyone.index(other) for other in others])
        own_P = torch.tensor([other == route for other in others], device=score_BP.device)
        return (gate_BP * torch.where(own_P, score_BP, score_BP.detach())).sum(1)

    def _mixed(self, route: int) -> list[int]:
        """The routes whose scores a route mixes, its own among them."""
        if self.routes.domains == 1:
            return list(range(len(self.routes)))
        tasks = [self.routes.task(route)]
        return [other for domain in range(self.routes.domains) for other in self.routes.of(tasks, domain)]
