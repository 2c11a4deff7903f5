"""SAR-Net (Shen et al., CIKM 2021, arXiv 2110.06475): attention to the history, a transform and experts of the domain.

    u     = sum_l a(e_l, target) b(e_l, c_d) e_l        of each sequence, c_d a vector of domain d
    z     = [x; u] * beta_d + gamma_d
    h_t   = tower_t(sum_e softmax(G_t z)_e (W_e norm(z) + b_e))        over n experts of domain d and m that all share

a and b are DIN's activation units. The target is the feature that shares the sequence's table, such as the item beside
a history of items; a sequence without one is weighted by b alone, and data without sequences have no u. beta_d starts
at 1 and gamma_d at 0. norm is batch normalisation, which in the paper stands before each expert: as all read the same
z, it is computed once, and its shift is that of the experts' own linear layers. Its scale starts at 0.2: at 1 vectors,
which start small, come out several times as large and learn their few rows by heart.

The paper's experts give the logit, of one task; here they give a vector for a tower of each task (an `expert` of 1 and
no tower are the paper's). Left out is their second part, which takes out the bias of rows whose exposure was forced
(the fairness coefficient): no data set here tells that.

All domains' rows pass together, as the batch's statistics are over all of them; hence `per_domain` is false, though
domains have parts of their own. Scenario-Wise-Rec leaves the attention out and draws beta_d and gamma_d at random.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, cast

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import Experts
from recmtl.nn.learnt_vector import LearntVector, by_row
from recmtl.nn.mixture import mix
from recmtl.nn.mlp import linear
from recmtl.nn.padded import Padded, total
from recmtl.nn.picked import picked
from recmtl.nn.relevance import Relevance
from recmtl.nn.standardised import Standardised
from recmtl.nn.towers import Towers

# B rows, I input, D domains or width of a vector, L places of a sequence, E experts, R asked routes, H width

_SCALE = 0.2
"""Of what is normalised, at the start."""


class SARNetConfig(SharingConfig):
    """Attention to the history, a transform of the input and experts, all by domain (Shen et al., CIKM 2021)."""

    paper: ClassVar = "Shen et al., CIKM 2021"
    rule: ClassVar = (
        "The history is weighted by the target and the domain; a domain scales and shifts the input; a task's gate "
        "mixes experts of the domain and shared ones for a tower."
    )
    unpooled: ClassVar = True

    name: Literal["sar_net"] = "sar_net"
    per_domain: Literal[False] = False
    """Never: rows of all domains pass together, and each finds the parts of its domain; gates and towers are of a task.
    """
    attention: tuple[PositiveInt, ...] = (80, 40)
    """Widths of the attention's layers before its weight."""
    num_domain_experts: PositiveInt = 2
    """Experts of each domain."""
    num_shared_experts: PositiveInt = 4
    """Experts that all domains share."""
    expert: PositiveInt = 64
    """What an expert, a linear layer, gives."""
    tower: tuple[PositiveInt, ...] = Field(default=(64,))
    """Widths of a task's tower before its logit; none: the logit reads the mixture."""

    def build(self, plan: Plan) -> "SARNet":
        """For this input and these routes."""
        return SARNet(self, plan)


class SARNet(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("shared_experts",)

    def __init__(self, config: SARNetConfig, plan: Plan) -> None:
        super().__init__()
        histories, domains, width = len(plan.targets), len(plan.domains), config.expert
        in_dim, self.width = plan.in_dim + histories * plan.dim, width
        self.histories = nn.ModuleList(_History(plan.dim, config.attention, target) for target in plan.targets)
        context = plan.dim if histories else 0
        self.of_domain = nn.ModuleList(
            _Domain(in_dim, context, config.num_domain_experts, width) for _ in range(domains)
        )
        self.norm, self.scale = Standardised(in_dim), nn.Parameter(torch.full((in_dim,), _SCALE))
        self.shared_experts = Experts(config.num_shared_experts, in_dim, (width,)).first
        num_experts = config.num_domain_experts + config.num_shared_experts
        self.gates = linear(in_dim, len(plan.routes) * num_experts)
        self.towers = Towers(len(plan.routes), width, config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The histories and all experts once, the asked gates and towers."""
        z_BI = self._transformed(self._with_histories(x_BI, encoded), encoded.domain_B)
        read_BI = self.norm(z_BI) * self.scale
        both = [self._own(read_BI, encoded.domain_B), self.shared_experts(read_BI)]
        expert_BEH = torch.cat(both, dim=1).unflatten(-1, (-1, self.width))
        gate_BRE = picked(self.gates(z_BI).unflatten(-1, (-1, expert_BEH.shape[1])), routes).softmax(-1)
        return self.towers(mix(gate_BRE, expert_BEH), routes)

    def _with_histories(self, x_BI: Tensor, encoded: Encoded) -> Tensor:
        if not self.histories:
            return x_BI
        context_BD = by_row([part.context.vector for part in self._domains()], encoded.domain_B)
        read = zip(self.histories, encoded.sequences, strict=True)
        return torch.cat([x_BI, *(history(part, encoded.fields_BFD, context_BD) for history, part in read)], dim=1)

    def _transformed(self, x_BI: Tensor, domain_B: Tensor) -> Tensor:
        scale_BI = by_row([part.scale for part in self._domains()], domain_B)
        return x_BI * scale_BI + by_row([part.shift for part in self._domains()], domain_B)

    def _own(self, x_BI: Tensor, domain_B: Tensor) -> Tensor:
        """What the experts of each row's domain say."""
        order_B = domain_B.argsort(stable=True)
        rows_D = domain_B.bincount(minlength=len(self.of_domain)).tolist()
        of_domain = zip(self._domains(), x_BI.index_select(0, order_B).split(rows_D), strict=True)
        return torch.cat([part.experts(some_BI) for part, some_BI in of_domain]).index_select(0, order_B.argsort())

    def _domains(self) -> list["_Domain"]:
        return [cast(_Domain, part) for part in self.of_domain]


class _Domain(nn.Module):
    """What a domain has of its own."""

    def __init__(self, in_dim: int, context: int, num_experts: int, width: int) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(in_dim)), nn.Parameter(torch.zeros(in_dim))
        self.experts = Experts(num_experts, in_dim, (width,)).first
        if context:
            self.context = LearntVector(context)


class _History(nn.Module):
    """A sequence -> u_BD."""

    def __init__(self, dim: int, widths: Sequence[int], target: int | None) -> None:
        super().__init__()
        self.target = target
        self.of_target = None if target is None else Relevance(dim, widths)
        self.of_domain_context = Relevance(dim, widths)

    def forward(self, history: Padded, fields_BFD: Tensor, context_BD: Tensor) -> Tensor:
        """Weighted by both, not by their softmax: that many events matter is told."""
        weight_BL = self.of_domain_context(history.vectors_BLD, context_BD)
        if self.of_target is not None and self.target is not None:
            weight_BL = weight_BL * self.of_target(history.vectors_BLD, fields_BFD[:, self.target])
        return total((weight_BL * history.known_BL).unsqueeze(-1) * history.vectors_BLD)
