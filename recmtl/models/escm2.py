"""Entire Space Counterfactual Multi-task Model (Wang et al., SIGIR 2022, arXiv 2204.05125).

    P(click) = sigmoid(head_1(h_1))        P(click and conversion) = P(click) r        r = sigmoid(head_2(h_2))
    h_t = tower_t(sum_e g_te(x) * expert_e(x))
    loss = L_click + L_click_and_conversion + counterfactual_weight * L_conversion

with o the click, d the cross-entropy of r and the conversion, which is known where o = 1, and w = 1 / P(click), cut off
at `max_weight` and without gradient:

    ips:  L_conversion = mean(o w d)
    dr:   L_conversion = mean(s + o w (d - s)) + mean(o w (d - s)^2)        s = softplus(imputation(x)) estimates d

The means are over all rows. The first two losses are those of the tasks, as in ESMM: a task's probability is the
product of its own network's and that of the task before it. The third one teaches the conversion's network what rows
without a click would: each clicked row stands for 1 / P(click) rows. In a longer chain this is so for each task after
the first, with the task before it as the click.

In public ports the weights depend on how many clicks the batch has (PaddleRec), or the click's network learns from
them, and one sum of losses is weighed instead of each row's (MMLRec).

This needs a label of each task wherever the task before it has one: 0, and not null, where that is 0, as in ESMM.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.batch import Batch
from recmtl.models.encoder import Encoded
from recmtl.models.entire_space import check_chain, check_labels
from recmtl.models.output import Output
from recmtl.models.routes import Plan
from recmtl.models.sharing import Heads, Sharing, SharingConfig
from recmtl.nn.chain import chain_logits
from recmtl.nn.experts import Experts
from recmtl.nn.mixture import mix
from recmtl.nn.mlp import MLP, linear
from recmtl.nn.picked import picked
from recmtl.nn.towers import Towers
from recmtl.schema import Schema

# B rows, I input, E experts, T tasks, R asked routes, H width


class ESCM2Config(SharingConfig):
    """Mixed experts, products of probabilities as in ESMM, and clicked rows that stand for those without a click (Wang
    et al., SIGIR 2022).
    """

    paper: ClassVar = "Wang et al., SIGIR 2022"
    rule: ClassVar = (
        "Each task mixes shared experts; its probability is the product of its own and those of the tasks before it; "
        "its own is also learnt from the rows where the task before it is 1, each weighted by 1 / its probability."
    )

    name: Literal["escm2"] = "escm2"
    kind: Literal["ips", "dr"] = "ips"
    """What stands for rows without a click: the clicked rows' weights alone (inverse propensity), or also an estimate
    of the loss that such a row would have (doubly robust).
    """
    num_experts: PositiveInt = 4
    """Experts that all tasks share."""
    expert: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of an expert's layers, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit, and of the estimate's; none: they read the mixture."""
    counterfactual_weight: NonNegativeFloat = 0.1
    """Weight of the third loss; the paper's best are between 0.1 and 1."""
    max_weight: Annotated[float, Field(ge=1)] = 15.0
    """Where a row's weight, 1 / the probability of its click, is cut off."""

    def build(self, plan: Plan) -> "ESCM2":
        """For this input and these routes."""
        return ESCM2(self, plan)

    def check(self, schema: Schema) -> None:
        """Refuse what is no chain over all rows.

        Raises:
            ConfigError: a task is a regression, or is not observed wherever the one before it is.
        """
        check_chain(schema, self.name, "multiplies probabilities")


class ESCM2(Sharing):
    """x_BI -> the logits of the products, and what the third loss needs."""

    shared: ClassVar = ("experts",)

    def __init__(self, config: ESCM2Config, plan: Plan) -> None:
        super().__init__()
        self.routes, self.kind = plan.routes, config.kind
        self.counterfactual_weight, self.max_weight = config.counterfactual_weight, config.max_weight
        self.experts = Experts(config.num_experts, plan.in_dim, config.expert, config.dropout)
        self.gates = linear(plan.in_dim, len(plan.routes) * config.num_experts, bias=False)
        self.towers = Towers(len(plan.routes), self.experts.out_dim, config.tower, config.dropout)
        guessed = len(plan.routes) - plan.routes.domains if config.kind == "dr" else 0  # the first task's is not
        self.imputations = nn.ModuleList(_Imputation(config, plan.in_dim) for _ in range(guessed))
        self.out_dim = self.towers.out_dim

    def forward(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int], heads: Heads) -> Output:
        """The logits of the products; beside them each task's own, the product before it, and what is imputed."""
        needed, tasks = self.needed(routes), [self.routes.task(route) for route in routes]
        expert_BEH = self.experts(x_BI)
        gate_BRE = picked(self.gates(x_BI).unflatten(-1, (-1, expert_BEH.shape[1])), needed).softmax(-1)
        own_BT = heads(self.towers(mix(gate_BRE, expert_BEH), needed), needed)
        chained = chain_logits(own_BT)
        auxiliary = {"own": picked(own_BT, tasks), "before": torch.stack([chained[max(t - 1, 0)] for t in tasks], 1)}
        if self.kind == "dr":
            auxiliary["imputed"] = torch.stack([self._imputed(x_BI, expert_BEH, route) for route in routes], 1)
        return Output(torch.stack([chained[task] for task in tasks], 1), auxiliary)

    def needed(self, routes: Sequence[int]) -> Sequence[int]:
        """All of the domain up to the last one."""
        return self.routes.chain(routes)

    def _imputed(self, x_BI: Tensor, expert_BEH: Tensor, route: int) -> Tensor:
        """[B], 0 for a first task."""
        if not self.routes.task(route):
            return x_BI.new_zeros(len(x_BI), dtype=torch.float32)
        return self.imputations[route - self.routes.domain(route) - 1](x_BI, expert_BEH)

    def extra_loss(self, output: Output, batch: Batch, tasks: Sequence[int]) -> Tensor | None:
        """The third loss, for each of the tasks but the first; None if there is no such task."""
        losses = [self._counterfactual(output, batch, place, task) for place, task in enumerate(tasks) if task]
        return self.counterfactual_weight * torch.stack(losses).sum() if losses else None

    def _counterfactual(self, output: Output, batch: Batch, place: int, task: int) -> Tensor:
        """The mean over the rows whose labels of the task and of the one before it are known."""
        before_B, label_B = batch.labels_BT[:, task - 1], batch.labels_BT[:, task]
        loss_B = F.binary_cross_entropy_with_logits(output.auxiliary["own"][:, place], label_B, reduction="none")
        inverse_B = 1 + (-output.auxiliary["before"][:, place].detach()).exp()  # of the probability
        stands_for_B = before_B * inverse_B.clamp(max=self.max_weight)
        if self.kind == "ips":
            row_B = stands_for_B * loss_B
        else:
            imputed_B = output.auxiliary["imputed"][:, place]
            error_B = loss_B - imputed_B
            row_B = imputed_B + stands_for_B * (error_B + error_B.square())
        weight_B = batch.weight_B * (batch.observed_BT[:, task - 1] & batch.observed_BT[:, task])
        return weight_B @ row_B / weight_B.sum().clamp(min=torch.finfo(torch.float32).tiny)

    def check_rows(self, batch: Batch) -> None:
        """Refuse a label that is not there though it must be 0.

        Raises:
            ConfigError: a task was not observed in a row where the task before it is 0.
        """
        check_labels(batch, self.routes.tasks, "escm2")


class _Imputation(nn.Module):
    """x_BI, expert_BEH -> the loss [B] that a row would have: a gate, a tower and a head of its own."""

    def __init__(self, config: ESCM2Config, in_dim: int) -> None:
        super().__init__()
        self.gate = linear(in_dim, config.num_experts, bias=False)
        self.tower = MLP(config.expert[-1], config.tower, config.dropout)
        self.head = linear(self.tower.out_dim, 1)

    def forward(self, x_BI: Tensor, expert_BEH: Tensor) -> Tensor:
        """Never below 0."""
        mixed_BH = mix(self.gate(x_BI).softmax(-1).unsqueeze(1), expert_BEH).squeeze(1)
        return F.softplus(self.head(self.tower(mixed_BH)).squeeze(1).float())
