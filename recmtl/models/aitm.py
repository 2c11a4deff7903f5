"""Adaptive Information Transfer Multi-task framework (Xi et al., KDD 2021, arXiv 2105.08489).

    q_t = tower_t(x)        z_1 = q_1        p_t = relu(z_t I_t + c_t)
    z_t = sum_u w_u h1(u) over u in {p_(t-1), q_t}        w = softmax_u(<h2(u), h3(u)> / sqrt(k))
    P(t) = sigmoid(head_t(z_t))

The tasks are a chain of events, in the order of the schema: a task's label is 1 only where those before it are. Each
has a tower of its own, and by attention as much of what the task before it knows as helps. Beside the tasks' own losses
the loss has the calibrator: `calibrator_weight` times the mean over the rows of sum_t max(P(t) - P(t - 1), 0), since a
later event cannot be more probable than an earlier one. Where only some of the tasks are trained, it compares these.

Each step of the chain has h1, h2, h3 and I of its own. One public port takes the calibrator's sum over the rows, so
that it grows with the batch (PaddleRec); another has no calibrator, and no relu before the transfer (MMLRec).

This needs a label of each task wherever the task before it has one: 0, and not null, where that is 0, as in ESMM.
"""

from collections.abc import Sequence
from math import sqrt
from typing import ClassVar, Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from recmtl.batch import Batch
from recmtl.models.encoder import Encoded
from recmtl.models.entire_space import check_chain, check_labels
from recmtl.models.output import Output
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import Experts
from recmtl.nn.mlp import MLP, linear
from recmtl.nn.picked import picked
from recmtl.schema import Schema

# B rows, I input, T tasks, R asked routes, H width


class AITMConfig(SharingConfig):
    """A tower of its own for each task of a chain, and attention to what the task before it knows (Xi et al., KDD
    2021).
    """

    paper: ClassVar = "Xi et al., KDD 2021"
    rule: ClassVar = (
        "Each task attends to its own tower and to what the task before it knows; the loss punishes a probability "
        "above that of the task before."
    )

    name: Literal["aitm"] = "aitm"
    tower: tuple[PositiveInt, ...] = Field(default=(128, 64, 32), min_length=1)
    """Widths of a task's layers, first layer first; the last is that of the transfer."""
    calibrator_weight: NonNegativeFloat = 0.6
    """Weight, in the loss, of how much a task's probability is above that of the task before it; the paper has 0.6
    for two tasks, 0.3 for four.
    """

    def build(self, plan: Plan) -> "AITM":
        """For this input and these routes."""
        return AITM(self, plan)

    def check(self, schema: Schema) -> None:
        """Refuse what is no chain over all rows.

        Raises:
            ConfigError: a task is a regression, or is not observed wherever the one before it is.
        """
        check_chain(schema, self.name, "compares probabilities")


class AITM(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ()

    def __init__(self, config: AITMConfig, plan: Plan) -> None:
        super().__init__()
        self.routes, self.calibrator_weight = plan.routes, config.calibrator_weight
        tasks = len(plan.routes.tasks)
        self.of_domain = nn.ModuleList(_Chain(config, plan.in_dim, tasks) for _ in range(plan.routes.domains))
        self.out_dim = config.tower[-1]

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The domain's chain as far as the last asked task."""
        tasks = [self.routes.task(route) for route in routes]
        z_BTH = self.of_domain[self.routes.domain(routes[0])](x_BI, max(tasks) + 1)
        return picked(z_BTH, tasks)

    def needed(self, routes: Sequence[int]) -> Sequence[int]:
        """All of the domain up to the last one."""
        return self.routes.chain(routes)

    def extra_loss(self, output: Output, batch: Batch, tasks: Sequence[int]) -> Tensor | None:
        """The calibrator, each row as heavy as its weight; None for a task alone."""
        if len(tasks) == 1:
            return None
        p_BT = picked(output.logits_BT, sorted(range(len(tasks)), key=tasks.__getitem__)).sigmoid()
        above_B = (p_BT[:, 1:] - p_BT[:, :-1]).relu().sum(1)
        total = batch.weight_B.sum().clamp(min=torch.finfo(torch.float32).tiny)
        return self.calibrator_weight * (batch.weight_B @ above_B) / total

    def check_rows(self, batch: Batch) -> None:
        """Refuse a label that is not there though it must be 0.

        Raises:
            ConfigError: a task was not observed in a row where the task before it is 0.
        """
        check_labels(batch, self.routes.tasks, "aitm")


class _Chain(nn.Module):
    """x_BI -> z_BTH of the first tasks."""

    def __init__(self, config: AITMConfig, in_dim: int, tasks: int) -> None:
        super().__init__()
        self.towers = Experts(tasks, in_dim, config.tower, config.dropout)
        self.transfers = nn.ModuleList(_Transfer(config.tower[-1], config.dropout) for _ in range(tasks - 1))

    def forward(self, x_BI: Tensor, tasks: int) -> Tensor:
        """Of so many. All towers together take less time than these one by one."""
        first_BH, *others = self.towers(x_BI)[:, :tasks].unbind(1)
        z = [first_BH]
        for q_BH, transfer in zip(others, self.transfers, strict=False):
            z.append(transfer(z[-1], q_BH))
        return torch.stack(z, dim=1)


class _Transfer(nn.Module):
    """z_BH of the task before, q_BH -> z_BH."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.info = MLP(width, (width,), dropout)
        self.h1, self.h2, self.h3 = (linear(width, width) for _ in range(3))

    def forward(self, before_BH: Tensor, q_BH: Tensor) -> Tensor:
        """Attention over two vectors."""
        u_BUH = torch.stack([self.info(before_BH), q_BH.to(before_BH.dtype)], dim=1)
        score_BU = (self.h2(u_BUH).float() * self.h3(u_BUH).float()).sum(-1) / sqrt(u_BUH.shape[-1])
        return (score_BU.softmax(1).unsqueeze(-1) * self.h1(u_BUH).float()).sum(1).to(q_BH.dtype)
