"""M2M (Zhang et al., WSDM 2022, arXiv 2201.06814): layers whose weights are generated from the domain and the row.

    s    = relu(W_s [c_d; x])                      the domain's view, c_d a vector of domain d
    E_i  = expert_i([x; u])                        experts' views, u the mean of each sequence behind a transformer
    a_ti = softmax_i(v Meta([E_i; T_t]))           T_t the task's view, a learnt vector
    L    = sum_i a_ti E_i, then L = leaky(Meta(L) + L) in each layer of the tower
    Meta(h) = h W(s) + b(s)                        W and b linear in s; the attention's are followed by leaky

In the paper s reads the features of the user, or advertiser, beside the domain; here all features of the row. What each
layer generates starts as a usual layer, to which s adds little; in the transformer places have no order.

A popular port (QunBB) leaves the softmax out. Scenario-Wise-Rec's transformer attends from row to row of the batch, so
that a prediction depends on its neighbours; here it attends within a row's sequences, and is left out where there are
none. Its task's view is one of the domain. The paper's task is a regression of one head; here each task has a head.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, Self, cast

import torch
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.models.domain_vectors import DomainVectors
from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import Experts
from recmtl.nn.learnt_vector import LearntVector
from recmtl.nn.meta_layer import MetaLayer
from recmtl.nn.mixture import mix
from recmtl.nn.mlp import MLP, linear
from recmtl.nn.self_attention import SelfAttention

# B rows, I input, E experts, R asked routes, H width of a view, C width of the domain's view


class M2MConfig(SharingConfig):
    """Experts mixed by an attention, and a tower, whose weights are generated from the domain and the row (Zhang et
    al., WSDM 2022).
    """

    paper: ClassVar = "Zhang et al., WSDM 2022"
    rule: ClassVar = (
        "A task attends to the experts, and passes a tower, through layers whose weights are generated for each row "
        "from its domain and its features; a transformer reads the sequences."
    )
    unpooled: ClassVar = True

    name: Literal["m2m"] = "m2m"
    num_experts: PositiveInt = 4
    """Experts that all tasks share."""
    expert: tuple[PositiveInt, ...] = Field(default=(256, 32), min_length=1)
    """Widths of an expert's layers, first layer first; of the last one, generated layers have the square."""
    domain_view: PositiveInt = 8
    """Width of what weights are generated from."""
    attention_layers: PositiveInt = 1
    """Generated layers of the attention."""
    tower_layers: PositiveInt = 2
    """Generated layers of the tower."""
    transformer_layers: NonNegativeInt = 1
    """Layers of the transformer that reads a sequence; 0: the sequence as it is."""
    transformer_heads: PositiveInt = 2
    """Its heads; they divide encoder.embedding_dim."""
    transformer_hidden: PositiveInt = 64
    """Width of its hidden layer."""

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        dim, heads = self.encoder.embedding_dim, self.transformer_heads
        if self.transformer_layers and dim % heads:
            raise ValueError(f"the 'transformer_heads' {heads} do not divide the 'encoder.embedding_dim' {dim}")
        return self

    def build(self, plan: Plan) -> "M2M":
        """For this input and these routes."""
        return M2M(self, plan)


class M2M(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("experts",)

    def __init__(self, config: M2MConfig, plan: Plan) -> None:
        super().__init__()
        self.histories = nn.ModuleList(_transformer(config, plan.dim) for _ in plan.targets)
        self.vectors = DomainVectors(len(plan.domains), config.domain_view)
        self.domain_view = MLP(config.domain_view + plan.in_dim, (config.domain_view,), config.dropout)
        read_dim, width = plan.in_dim + len(plan.targets) * plan.dim, config.expert[-1]
        self.experts = Experts(config.num_experts, read_dim, config.expert, config.dropout)
        self.task_views = nn.ModuleList(LearntVector(width) for _ in range(len(plan.routes)))
        self.attention = nn.ModuleList(MetaLayer(2 * width, config.domain_view) for _ in range(config.attention_layers))
        self.score = linear(2 * width, 1, bias=False)
        self.tower = nn.ModuleList(MetaLayer(width, config.domain_view) for _ in range(config.tower_layers))
        self.out_dim = width

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The experts once, the asked tasks' attention and tower."""
        domain_BC = self.vectors(encoded.domain_B)
        view_BC = self.domain_view(torch.cat([domain_BC.to(x_BI.dtype), x_BI], dim=1))
        read = zip(self.histories, encoded.sequences, strict=False)
        means = [history(part).mean().to(x_BI.dtype) for history, part in read]
        expert_BEH = self.experts(torch.cat([x_BI, *means], dim=1))
        h_BRH = mix(self._shares(expert_BEH, view_BC, routes), expert_BEH)
        for layer in self.tower:
            h_BRH = _leaky(layer(h_BRH, view_BC) + h_BRH)
        return h_BRH

    def _shares(self, expert_BEH: Tensor, view_BC: Tensor, routes: Sequence[int]) -> Tensor:
        """share_BRE of each expert for each task."""
        task_RH = torch.stack([cast(LearntVector, self.task_views[route]).vector for route in routes])
        size = (len(expert_BEH), len(routes), *expert_BEH.shape[1:])
        both = [expert_BEH.unsqueeze(1).expand(size), task_RH.to(expert_BEH.dtype)[None, :, None].expand(size)]
        pair_BKH = torch.cat(both, dim=-1).flatten(1, 2)
        for layer in self.attention:
            pair_BKH = _leaky(layer(pair_BKH, view_BC))
        return self.score(pair_BKH).float().view(size[:-1]).softmax(-1)


def _transformer(config: M2MConfig, dim: int) -> nn.Sequential:
    heads, hidden = config.transformer_heads, config.transformer_hidden
    return nn.Sequential(*(SelfAttention(dim, heads, hidden, config.dropout) for _ in range(config.transformer_layers)))


def _leaky(h: Tensor) -> Tensor:
    return F.leaky_relu(h, 0.1)
