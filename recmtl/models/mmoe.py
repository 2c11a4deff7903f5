"""Multi-gate Mixture-of-Experts (Ma et al., KDD 2018, doi 10.1145/3219819.3220007, eq. 5 to 7).

    h_t = tower_t(sum_e g_te(x) * expert_e(x))        g_t(x) = softmax(W_t x)

Every task mixes the same experts with a gate of its own. One expert makes it a shared bottom. A gate may have hidden
layers before its last one, and weigh experts by something else than a softmax: see the gating family.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, model_validator
from torch import Tensor

from recmtl.batch import Batch
from recmtl.config import OneOf
from recmtl.models.encoder import Encoded
from recmtl.models.gating import GatingConfig
from recmtl.models.output import Output
from recmtl.models.routes import Plan
from recmtl.models.sharing import Heads, Sharing, SharingConfig
from recmtl.models.softmax_gating import SoftmaxGatingConfig
from recmtl.nn.experts import Experts
from recmtl.nn.mixture import mix
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
    gate: tuple[PositiveInt, ...] = ()
    """Widths of a gate's hidden layers, first layer first; none: its scores are linear in what experts read."""
    gating: Annotated[GatingConfig, OneOf()] = SoftmaxGatingConfig()
    """How a gate's scores weigh the experts."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the mixture."""

    @model_validator(mode="after")
    def _gates(self) -> Self:
        if self.gate and not self.gating.reads_rows:
            raise ValueError("its gates read nothing, so they have no hidden layers: leave 'gate' out, or 'static'")
        return self

    def build(self, plan: Plan) -> "MMoE":
        """For this input and these routes."""
        return MMoE(self, plan.in_dim, len(plan.routes))


class MMoE(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("experts",)

    def __init__(self, config: MMoEConfig, in_dim: int, num_routes: int) -> None:
        super().__init__()
        self.gating, self.num_experts = config.gating, config.num_experts
        self.experts = Experts(config.num_experts, in_dim, config.expert, config.dropout)
        self.gates = config.gating.build(in_dim, num_routes, config.num_experts, config.gate, config.dropout)
        self.towers = Towers(num_routes, self.experts.out_dim, config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The experts once, the asked gates and towers."""
        return self._gated(x_BI, routes)[0]

    def forward(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int], heads: Heads) -> Output:
        """The logits, and what the gates add to the loss."""
        h_BRH, penalty_BR = self._gated(x_BI, routes)
        return Output(heads(h_BRH, routes), {} if penalty_BR is None else {"gating": penalty_BR})

    def extra_loss(self, output: Output, batch: Batch, tasks: Sequence[int]) -> Tensor | None:
        """The sum over gates of the mean over rows, if gates add anything."""
        penalty_BT = output.auxiliary.get("gating")
        return None if penalty_BT is None else penalty_BT.mean(0).sum()

    def _gated(self, x_BI: Tensor, routes: Sequence[int]) -> tuple[Tensor, Tensor | None]:
        """h_BRH, and penalty_BR if there is one."""
        expert_BEH = self.experts(x_BI)
        weight_BRE, penalty_BR = self.gating.weigh(picked(self.gates(x_BI), routes), self.num_experts)
        h_BRH = self.towers(mix(weight_BRE.expand(len(x_BI), -1, -1), expert_BEH), routes)
        return h_BRH, None if penalty_BR is None else penalty_BR.expand(len(x_BI), -1)
