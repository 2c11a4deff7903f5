"""The interaction family: the base click model, that is what the deep part reads and what is added to each logit."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from recmtl.config import Component
from recmtl.models.encoder import Encoded, Encoder


@dataclass(frozen=True, slots=True)
class Read:
    """What an interaction gives; those of several copies of the tables together with C before B."""

    x_BI: Tensor
    """What the deep part reads."""
    wide_BT: Tensor | None = None
    """What is added to the tasks' logits; [B, 1] where it is the same for all tasks."""

    def rows(self, index_B: Tensor) -> "Read":
        """The rows `index_B`, in that order."""
        wide_BT = None if self.wide_BT is None else self.wide_BT.index_select(-2, index_B)
        return Read(self.x_BI.index_select(-2, index_B), wide_BT)

    def split(self, rows: list[int]) -> list["Read"]:
        """One after the other, so many rows each."""
        wide = [None] * len(rows) if self.wide_BT is None else self.wide_BT.split(rows, -2)
        return [Read(x_BI, wide_BT) for x_BI, wide_BT in zip(self.x_BI.split(rows, -2), wide, strict=True)]


class Interaction(nn.Module):
    """Encoded -> what the deep part reads, and what is added to each logit."""

    out_dim: int
    """Width of x_BI."""

    def forward(self, encoded: Encoded) -> Read:
        """Compute both."""
        raise TypeError(f"{type(self).__name__} has no forward")


class InteractionConfig(Component):
    """The base click model: what the deep part reads, and what is added to each logit."""

    family: ClassVar[str] = "interaction"
    wide: ClassVar[bool] = False
    """Whether it reads `Encoded.wide_BT`, a weight of each id for each task."""
    unpooled: ClassVar[bool] = False
    """Whether it reads `Encoded.sequences`."""
    paper: ClassVar[str]
    """Authors, venue and year."""
    rule: ClassVar[str]
    """The equation in words: what the deep part reads, and what is added to each logit."""

    def build(self, encoder: Encoder, tasks: int) -> Interaction:
        """The layer for what this encoder gives, and so many tasks."""
        raise TypeError(f"{type(self).__name__} builds nothing")
