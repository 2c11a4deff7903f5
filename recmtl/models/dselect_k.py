"""DSelect-k as MMoE's gate (Hazimeh et al., NeurIPS 2021, arXiv 2106.03760): see `recmtl.nn.dselect_k`.

A gate begins near equal weights, and ends with at most k experts of weights that add up to 1: for each task the same
ones in all rows (`static`), or chosen by what the experts read.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor

from recmtl.models.gating import GatingConfig
from recmtl.nn.dselect_k import Constant, bits, dselect_k, entropy, lost_mass, start
from recmtl.nn.scores import Scores


class DSelectKConfig(GatingConfig):
    """At most k experts, chosen by a smooth step (Hazimeh et al., NeurIPS 2021)."""

    paper: ClassVar = "Hazimeh et al., NeurIPS 2021"
    rule: ClassVar = (
        "A gate has k selectors, weighed by a softmax; each chooses an expert bit by bit of its number, by a smooth "
        "step that ends at exactly 0 or 1."
    )

    name: Literal["dselect_k"] = "dselect_k"
    k: PositiveInt = 2
    """Experts that a gate ends up with, at most."""
    static: bool = False
    """Whether a task weighs the experts alike in all rows, whatever they are."""
    gamma: PositiveFloat = 1.0
    """Width of the smooth step: the smaller, the sooner a choice is final."""
    entropy: NonNegativeFloat = 1e-6
    """Weight, in the loss, of the entropy of the choices: more makes a gate settle sooner."""

    @property
    def reads_rows(self) -> bool:
        """Unless it is static."""
        return not self.static

    def build(
        self, in_dim: int, num_gates: int, num_experts: int, hidden: Sequence[int], dropout: float
    ) -> Scores | Constant:
        """k times a number for every bit of an expert's number, and k weights."""
        num_scores = self.k * (bits(num_experts) + 1)
        scores = (
            Constant(num_gates, num_scores)
            if self.static
            else Scores(in_dim, num_gates, num_scores, hidden, dropout, bias=True)
        )
        start(scores, self.k, num_experts, self.gamma)
        return scores

    def weigh(self, score_BGN: Tensor, num_experts: int) -> tuple[Tensor, Tensor]:
        """The weights; they add up to 1 where no selector holds a code that is no expert's."""
        weight_BGE, r_BGKE = dselect_k(score_BGN, num_experts, self.k, self.gamma)
        penalty_BG = self.entropy * entropy(r_BGKE)
        if num_experts < 2 ** bits(num_experts):
            penalty_BG = penalty_BG + lost_mass(r_BGKE)
        return weight_BGE, penalty_BG
