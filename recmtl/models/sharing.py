"""The sharing family: the deep part, that is what tasks share and what they keep to themselves. Its config is the
section `model`.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor, nn

from recmtl.batch import Batch
from recmtl.config import Component, OneOf
from recmtl.models.encoder import Encoded, EncoderConfig
from recmtl.models.flat import FlatConfig
from recmtl.models.interaction import InteractionConfig
from recmtl.schema import Schema


class Sharing(nn.Module):
    """x_BI -> h_BTH for the asked tasks; the heads turn h into logits."""

    shared: ClassVar[tuple[str, ...]]
    """Submodules that all tasks share: their weights are what a lottery ticket is a part of. If there are none, there
    are no tickets."""
    out_dim: int

    def forward(self, x_BI: Tensor, encoded: Encoded, tasks: Sequence[int]) -> Tensor:
        """Compute h_BTH for `tasks` (positions in the schema) alone."""
        raise TypeError(f"{type(self).__name__} has no forward")

    def needed(self, tasks: Sequence[int]) -> Sequence[int]:
        """The tasks whose own logits make those of `tasks`."""
        return tasks

    def combined(self, own_BT: Tensor, tasks: Sequence[int]) -> Tensor:
        """The logits_BT of `tasks`, from the heads' own of `needed(tasks)`, in this order."""
        return own_BT

    def check_rows(self, batch: Batch) -> None:
        """Refuse training rows from which it would learn something wrong.

        Raises:
            ConfigError: naming the task, and what to do.
        """


class SharingConfig(Component):
    """A model: how tasks share the deep part, and what it reads."""

    family: ClassVar[str] = "model"

    encoder: EncoderConfig = EncoderConfig()
    """How features become vectors."""
    interaction: Annotated[InteractionConfig, OneOf()] = FlatConfig()
    """The base click model: what the deep part reads."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of values that training drops after every hidden layer."""

    def build(self, in_dim: int, tasks: Sequence[str]) -> Sharing:
        """The deep part for an input of `in_dim`."""
        raise TypeError(f"{type(self).__name__} builds nothing")

    def check(self, schema: Schema) -> None:
        """Refuse tasks that this model cannot learn.

        Raises:
            ConfigError: naming the task, and what to do.
        """
