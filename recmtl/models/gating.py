"""The gating family: how a gate weighs the experts that it mixes."""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from recmtl.config import Component


class GatingConfig(Component):
    """How a gate weighs the experts that it mixes."""

    family: ClassVar[str] = "gating"
    paper: ClassVar[str]
    """Authors, venue and year."""
    rule: ClassVar[str]
    """The equation in words."""

    @property
    def reads_rows(self) -> bool:
        """Whether rows have scores of their own."""
        return True

    def build(self, in_dim: int, num_gates: int, num_experts: int, hidden: Sequence[int], dropout: float) -> nn.Module:
        """x_BI -> score_BGN, as many as `weigh` needs; [1, G, N] where no row has scores of its own.

        Args:
            in_dim: I.
            num_gates: G.
            num_experts: that each of them mixes.
            hidden: widths of a gate's layers before the scores.
            dropout: after each of these.
        """
        raise TypeError(f"{type(self).__name__} builds nothing")

    def weigh(self, score_BGN: Tensor, num_experts: int) -> tuple[Tensor, Tensor | None]:
        """weight_BGE in single precision; and penalty_BG, what each gate adds to the loss, if it adds anything."""
        raise TypeError(f"{type(self).__name__} weighs nothing")
