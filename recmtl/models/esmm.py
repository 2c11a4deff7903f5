"""Entire Space Multi-Task Model (Ma et al., SIGIR 2018, arXiv 1804.07931).

    p(click) = sigmoid(head_1(tower_1(x)))        p(click and conversion) = p(click) * sigmoid(head_2(tower_2(x)))

Each task has a network of its own on the embeddings, which all share. The tasks are a chain, in the order of the
schema: a task's label is 1 only where those before it are, and its probability is the product of its own network's and
that of the tasks before it. So a conversion rate is learnt through the product alone, over all rows, and not from those
with a click; the losses are the usual ones.

This needs a label of each task wherever the task before it has one: 0, and not null, where that is 0. A task that the
schema says to be observed in fewer rows (`observed_if`) has another label, that of a conversion given a click, and the
product would be learnt from the rows with a click alone: it is refused. So is a training row whose label of a task is
missing where the task before it is 0. Where that is 1, a missing label is one that nobody knows yet.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from recmtl.batch import Batch
from recmtl.models.encoder import Encoded
from recmtl.models.entire_space import check_chain, check_labels
from recmtl.models.output import Output
from recmtl.models.routes import Plan
from recmtl.models.sharing import Heads, Sharing, SharingConfig
from recmtl.nn.chain import chain_logits
from recmtl.nn.experts import Experts
from recmtl.nn.picked import picked
from recmtl.schema import Schema

# B rows, I input, T tasks, R asked routes, H width


class ESMMConfig(SharingConfig):
    """A network of its own for each task; a task's probability is a product with those before it (Ma et al., SIGIR
    2018).
    """

    paper: ClassVar = "Ma et al., SIGIR 2018"
    rule: ClassVar = (
        "Each task has a network of its own on shared embeddings; its probability is the product of its own "
        "and those of the tasks before it."
    )

    name: Literal["esmm"] = "esmm"
    tower: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of a task's layers, first layer first."""

    def build(self, plan: Plan) -> "ESMM":
        """For this input and these routes."""
        return ESMM(self, plan)

    def check(self, schema: Schema) -> None:
        """Refuse what is no chain over all rows.

        Raises:
            ConfigError: a task is a regression, or is not observed wherever the one before it is.
        """
        check_chain(schema, self.name, "multiplies probabilities")


class ESMM(Sharing):
    """x_BI -> h_BRH, and the logits of the products."""

    shared: ClassVar = ()

    def __init__(self, config: ESMMConfig, plan: Plan) -> None:
        super().__init__()
        self.routes, tasks = plan.routes, len(plan.routes.tasks)
        self.of_domain = nn.ModuleList(  # the towers of its tasks, which are computed together
            Experts(tasks, plan.in_dim, config.tower, config.dropout) for _ in range(plan.routes.domains)
        )
        self.out_dim = config.tower[-1]

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """All of the domain's towers, which together take less time than the asked ones one by one."""
        h_BTH = self.of_domain[self.routes.domain(routes[0])](x_BI)
        return picked(h_BTH, [self.routes.task(route) for route in routes])

    def forward(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int], heads: Heads) -> Output:
        """The logits of the products."""
        needed = self.needed(routes)
        chained = chain_logits(heads(self.deep(x_BI, encoded, needed), needed))
        return Output(torch.stack([chained[self.routes.task(route)] for route in routes], dim=1))

    def needed(self, routes: Sequence[int]) -> Sequence[int]:
        """All of the domain up to the last one."""
        return self.routes.chain(routes)

    def check_rows(self, batch: Batch) -> None:
        """Refuse a label that is not there though it must be 0.

        Raises:
            ConfigError: a task was not observed in a row where the task before it is 0.
        """
        check_labels(batch, self.routes.tasks, "esmm")
