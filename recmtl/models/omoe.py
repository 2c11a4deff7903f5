"""One-gate Mixture-of-Experts (Ma et al., KDD 2018, doi 10.1145/3219819.3220007, eq. 3 and 4; Jacobs et al. 1991): the
baseline that MMoE was made from.

    h_t = tower_t(sum_e g_e(x) * expert_e(x))        g(x) = softmax(W x)

All tasks mix the experts alike, with one gate: what is theirs begins with the tower. With one task it is MMoE.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt
from torch import Tensor

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import Experts
from recmtl.nn.mixture import mix
from recmtl.nn.scores import Scores
from recmtl.nn.towers import Towers

# B rows, I input, E experts, R asked routes, H width


class OMoEConfig(SharingConfig):
    """Experts that all tasks share, mixed by one gate for all tasks (Ma et al., KDD 2018)."""

    paper: ClassVar = "Ma et al., KDD 2018"
    rule: ClassVar = (
        "All tasks read the same sum of experts, weighted by the softmax of one gate, each through a tower of its own."
    )

    name: Literal["omoe"] = "omoe"
    num_experts: PositiveInt = 4
    """Experts that all tasks share."""
    expert: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of an expert's layers, first layer first."""
    gate: tuple[PositiveInt, ...] = ()
    """Widths of the gate's hidden layers, first layer first; none: its scores are linear in what experts read."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the mixture."""

    def build(self, plan: Plan) -> "OMoE":
        """For this input and these routes."""
        return OMoE(self, plan.in_dim, len(plan.routes))


class OMoE(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("experts",)

    def __init__(self, config: OMoEConfig, in_dim: int, num_routes: int) -> None:
        super().__init__()
        self.experts = Experts(config.num_experts, in_dim, config.expert, config.dropout)
        self.gates = Scores(in_dim, 1, config.num_experts, config.gate, config.dropout)
        self.towers = Towers(num_routes, self.experts.out_dim, config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The experts and the gate once, the asked towers."""
        mixed_B1H = mix(self.gates(x_BI).softmax(-1), self.experts(x_BI))
        return self.towers(mixed_B1H.expand(-1, len(routes), -1), routes)
