"""A gate as MMoE has it: the softmax of a score for each expert, so that every expert counts (Ma et al., KDD 2018)."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from torch import Tensor

from recmtl.models.gating import GatingConfig
from recmtl.nn.scores import Scores


class SoftmaxGatingConfig(GatingConfig):
    """The softmax of a score for each expert: all experts count (Ma et al., KDD 2018)."""

    paper: ClassVar = "Ma et al., KDD 2018"
    rule: ClassVar = "A gate weighs its experts by the softmax of a score for each, which it reads off the row."

    name: Literal["softmax"] = "softmax"

    def build(self, in_dim: int, num_gates: int, num_experts: int, hidden: Sequence[int], dropout: float) -> Scores:
        """One for each expert, without bias."""
        return Scores(in_dim, num_gates, num_experts, hidden, dropout)

    def weigh(self, score_BGN: Tensor, num_experts: int) -> tuple[Tensor, None]:
        """Positive weights that add up to 1."""
        return score_BGN.softmax(-1), None
