"""Star Topology Adaptive Recommender (Sheng et al., CIKM 2021, arXiv 2101.11427). In domain d:

    z = (g * g_d) (x - mean) / sqrt(variance + e) + (b + b_d)            partitioned normalisation
    h <- relu(h (W * W_d) + (c + c_d))                                   each layer of the star
    logit = head(h) + auxiliary([vector of d; x])

* is the product of elements. Mean and variance are those of the domain's rows in the batch, and in evaluation running
ones that each domain keeps. What a domain has of its own starts neutral: g_d and W_d at 1, b_d and c_d at 0; so a
domain starts as what all share, and a scarce one stays near it. The paper has one task: here the layers of all tasks
are followed by a tower for each, whose layers are stars too; only the last product, head, belongs to one domain alone.

e is larger than the usual 0.00001, with which an input that hardly varies, such as a number's rarest interval, counts
as much as any other, and rows that were not seen are ranked worse.

Public code starts W and W_d alike, near 0, so that their product is nearly nothing; keeps the weights of all domains
but the last from being trained; normalises all domains together or keeps no running statistics; or has no auxiliary
network.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Literal, Self, cast

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.models.domain_vectors import DomainVectors
from recmtl.models.encoder import Encoded
from recmtl.models.output import Output
from recmtl.models.routes import Plan
from recmtl.models.sharing import Heads, Sharing, SharingConfig
from recmtl.nn.mlp import MLP, linear
from recmtl.nn.picked import picked

# B rows, I input, O output, R asked routes, T tasks, V width of a domain's vector


class STARConfig(SharingConfig):
    """Layers whose weights are a product of shared ones and a domain's own (Sheng et al., CIKM 2021)."""

    paper: ClassVar = "Sheng et al., CIKM 2021"
    rule: ClassVar = (
        "Inputs are normalised in each domain; a layer's weights are the product, and its biases the sum, of shared "
        "ones and the domain's; a small network that reads the domain adds to the logit."
    )

    name: Literal["star"] = "star"
    per_domain: Literal[True] = True
    """Always true: this model is about domains."""
    bottom: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of the layers that all tasks share, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the bottom."""
    auxiliary: tuple[PositiveInt, ...] = (32,)
    """Widths of the network that reads the domain and adds to the logit."""
    domain_dim: PositiveInt = 16
    """Width of the vector that it reads of a domain."""
    epsilon: PositiveFloat = 0.1
    """Added to each variance by whose root an input is divided. The smaller it is, the more an input that hardly varies
    counts.
    """

    def build(self, plan: Plan) -> "STAR":
        """For this input and these routes."""
        return STAR(self, plan)


class STAR(Sharing):
    """x_BI -> h_BRH, and the logits with what the auxiliary network adds."""

    shared: ClassVar = ("bottom",)

    def __init__(self, config: STARConfig, plan: Plan) -> None:
        super().__init__()
        self.routes, tasks = plan.routes, len(plan.routes.tasks)
        self.scale, self.shift = nn.Parameter(torch.ones(plan.in_dim)), nn.Parameter(torch.zeros(plan.in_dim))
        bottom, tower = (plan.in_dim, *config.bottom), (config.bottom[-1], *config.tower)
        self.bottom = _Layers(bottom)
        self.towers = nn.ModuleList(_Layers(tower) for _ in range(tasks))
        self.of_domain = nn.ModuleList(
            _OfDomain(bottom, tower, tasks, config.epsilon) for _ in range(plan.routes.domains)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.vectors = DomainVectors(plan.routes.domains, config.domain_dim)
        self.auxiliary = MLP(config.domain_dim + plan.in_dim, config.auxiliary, config.dropout)
        self.auxiliary_logits = linear(self.auxiliary.out_dim, tasks)
        self.out_dim = tower[-1]

    def forward(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int], heads: Heads) -> Output:
        """The logits of the star, and what the auxiliary network adds."""
        tasks = [self.routes.task(route) for route in routes]
        added_BT = self._auxiliary(x_BI, self.routes.domain(routes[0]))
        return Output(heads(self.deep(x_BI, encoded, routes), routes) + picked(added_BT, tasks))

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The domain's bottom, the asked towers."""
        own = cast(_OfDomain, self.of_domain[self.routes.domain(routes[0])])
        x_BI = own.normalised(x_BI) * (self.scale * own.scale) + (self.shift + own.shift)
        h_BH = self._star(x_BI, self.bottom, own.bottom)
        tasks = [self.routes.task(route) for route in routes]
        towers = [(cast(_Layers, self.towers[task]), cast(_Layers, own.towers[task])) for task in tasks]
        return torch.stack([self._star(h_BH, *tower) for tower in towers], dim=1)

    def _star(self, h_BI: Tensor, shared: "_Layers", own: "_Layers") -> Tensor:
        for (weight_OI, bias_O), (factor_OI, summand_O) in zip(shared.weights(), own.weights(), strict=True):
            h_BI = self.dropout(F.linear(h_BI, weight_OI * factor_OI, bias_O + summand_O).relu_())
        return h_BI

    def _auxiliary(self, x_BI: Tensor, domain: int) -> Tensor:
        """logit_BT, in single precision as the heads' are."""
        vector_BV = self.vectors.all()[domain].to(x_BI.dtype).expand(len(x_BI), -1)
        h_BH = self.auxiliary(torch.cat([vector_BV, x_BI], dim=1))
        with torch.autocast(h_BH.device.type, enabled=False):
            return cast(Tensor, self.auxiliary_logits(h_BH.float()))


class _Layers(nn.ModuleList):
    """Linear layers one after the other; those of a domain are the factors and summands of shared ones."""

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__(linear(before, after) for before, after in pairwise(dims))

    def weights(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of each."""
        return [(layer.weight, layer.bias) for layer in self if isinstance(layer, nn.Linear)]

    def neutral(self) -> Self:
        """Itself, as what changes nothing when it is a factor."""
        for weight, bias in self.weights():
            nn.init.ones_(weight)
            nn.init.zeros_(bias)
        return self


class _OfDomain(nn.Module):
    """What a domain has of its own: statistics of its input, and a factor and a summand for all that is shared."""

    def __init__(self, bottom: Sequence[int], tower: Sequence[int], tasks: int, epsilon: float) -> None:
        super().__init__()
        self.statistics = nn.BatchNorm1d(bottom[0], eps=epsilon, affine=False)
        self.scale, self.shift = nn.Parameter(torch.ones(bottom[0])), nn.Parameter(torch.zeros(bottom[0]))
        self.bottom = _Layers(bottom).neutral()
        self.towers = nn.ModuleList(_Layers(tower).neutral() for _ in range(tasks))

    def normalised(self, x_BI: Tensor) -> Tensor:
        """(x - mean) / sqrt(variance + e), in single precision."""
        with torch.autocast(x_BI.device.type, enabled=False):
            if self.training and len(x_BI) < 2:
                # one row has no variance: it is normalised by the running one, and leaves it alone
                known = self.statistics
                return F.batch_norm(x_BI.float(), known.running_mean, known.running_var, eps=known.eps)
            return cast(Tensor, self.statistics(x_BI.float()))
