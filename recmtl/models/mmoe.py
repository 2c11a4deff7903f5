"""Multi-gate Mixture-of-Experts (Ma et al., KDD 2018, doi 10.1145/3219819.3220007, eq. 5 to 7).

    h_t = tower_t(sum_e g_te(x) * expert_e(x))        g_t(x) = softmax(W_t x)

Every task mixes the same experts with a gate of its own. One expert makes it a shared bottom.
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
from recmtl.nn.mlp import linear
from recmtl.nn.picked import picked
from recmtl.nn.towers import Towers

# B rows, I input, E experts, R asked routes, H width


class MMoEConfig(SharingConfig):
    """Experts that all tasks share, mixed by a gate of each task (Ma et al., KDD 2018)."""

    paper: ClassVar = "Ma et al., KDD 2018"
    rule: ClassVar = (
        "A task reads the sum of all experts, weighted by the softmax of its own gate, through a tower of its own."
    )

    name: Literal["mmoe"] = "mmoe"
    num_experts: PositiveInt = 4
    """Experts that all tasks share."""
    expert: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of an expert's layers, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the mixture."""

    def build(self, plan: Plan) -> "MMoE":
        """For this input and these routes."""
        return MMoE(self, plan.in_dim, len(plan.routes))


class MMoE(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("experts",)

    def __init__(self, config: MMoEConfig, in_dim: int, num_routes: int) -> None:
        super().__init__()
        self.experts = Experts(config.num_experts, in_dim, config.expert, config.dropout)
        self.gates = linear(in_dim, num_routes * config.num_experts, bias=False)
        self.towers = Towers(num_routes, self.experts.out_dim, config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The experts once, the asked gates and towers."""
        expert_BEH = self.experts(x_BI)
        gate_BRE = picked(self.gates(x_BI).unflatten(-1, (-1, expert_BEH.shape[1])), routes).softmax(-1)
        return self.towers(mix(gate_BRE, expert_BEH), routes)
