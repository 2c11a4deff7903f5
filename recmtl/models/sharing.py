"""The sharing family: the deep part, that is what tasks share and what they keep to themselves. Its config is the
section `model`.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor, nn

from recmtl.batch import Batch
from recmtl.config import Component, OneOf
from recmtl.models.encoder import Encoded, EncoderConfig
from recmtl.models.flat import FlatConfig
from recmtl.models.interaction import InteractionConfig
from recmtl.models.output import Output
from recmtl.models.routes import Plan, Routes
from recmtl.schema import Schema

Heads = Callable[[Tensor, Sequence[int]], Tensor]
"""h_BRH of these routes -> their logits_BR, with what the interaction adds to them."""


class Sharing(nn.Module):
    """x_BI -> h_BRH for the asked routes, which the heads turn into logits.

    Most models say what h is, in `deep`, and no more. One whose logits are made otherwise has a `forward` of its own,
    and one whose paper has a loss of its own an `extra_loss`.
    """

    shared: ClassVar[tuple[str, ...]]
    """Submodules that all tasks share: their weights are what a lottery ticket is a part of. If there are none, there
    are no tickets."""
    out_dim: int
    """Width of h."""

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """Compute h_BRH for `routes` alone. All of them are of one domain, and so are the rows, if the model has parts
        for each domain.

        Args:
            x_BI: what the interaction made; [C, B, I] if the config asks for copies of the tables.
            encoded: what the interaction read.
            routes: which; see `Routes`.
        """
        raise TypeError(f"{type(self).__name__} has no deep part")

    def forward(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int], heads: Heads) -> Output:
        """The logits of `routes`."""
        return Output(heads(self.deep(x_BI, encoded, routes), routes))

    def needed(self, routes: Sequence[int]) -> Sequence[int]:
        """The routes whose towers and heads make the logits of `routes`."""
        return routes

    def extra_loss(self, output: Output, batch: Batch, tasks: Sequence[int]) -> Tensor | None:
        """What is added to the sum of the tasks' losses, if the paper has such a term.

        Args:
            output: of this batch.
            batch: with the labels.
            tasks: that are trained; the columns of the output, in order.
        """
        return None

    def check_rows(self, batch: Batch) -> None:
        """Refuse training rows from which it would learn something wrong.

        Raises:
            ConfigError: naming the task, and what to do.
        """


class SharingConfig(Component):
    """A model: how tasks share the deep part, and what it reads."""

    family: ClassVar[str] = "model"
    paper: ClassVar[str]
    """Authors, venue and year."""
    rule: ClassVar[str]
    """The equation in words."""
    unpooled: ClassVar[bool] = False
    """Whether it reads `Encoded.sequences`."""

    encoder: EncoderConfig = EncoderConfig()
    """How features become vectors."""
    interaction: Annotated[InteractionConfig, OneOf()] = FlatConfig()
    """The base click model: what the deep part reads, and what is added to each logit."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of values that training drops after every hidden layer."""
    per_domain: bool = False
    """Whether what a task has of its own (gates, towers, head, ...) it has once for each domain: a row passes, and
    trains, what belongs to its domain.
    """

    def build(self, plan: Plan) -> Sharing:
        """The deep part for what `plan` says."""
        raise TypeError(f"{type(self).__name__} builds nothing")

    def copies(self, routes: Routes) -> int:
        """Copies of the embedding tables, each with an interaction of its own; 1: all routes read the same vectors."""
        return 1

    def check(self, schema: Schema) -> None:
        """Refuse tasks that this model cannot learn.

        Raises:
            ConfigError: naming the task, and what to do.
        """
