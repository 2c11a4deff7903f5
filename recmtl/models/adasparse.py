"""AdaSparse (Yang et al., CIKM 2022, arXiv 2206.13108): one network, of which each domain uses other neurons.

    h_l' = h_l * w_l        w_l = beta sigmoid(alpha v_l) where that is more than epsilon, else 0
    h_l  = relu(W_l h_(l-1)' + b_l)        v_l = V_l [vector of the domain; h_l] + c_l

Alpha grows over the first steps, so that the weights harden: the steps of training are counted in the state, and
nothing moves in evaluation. Added to the losses is

    lambda alpha / alpha_0  mean over layers of |r_l - r|        where r_l is outside of [low, high]

with r_l the share of weights of layer l that are 0 in the batch, and r the middle of the interval. A weight that is 0
has no gradient from the tasks, so this is what lets it come back: a zero has the gradient of its sigmoid.

Scenario-Wise-Rec counts alpha up at each pass, those of evaluation too, outside of the state; and its threshold gives
-1 where it should give 0.

The paper has one task. Here tasks share the network and have a tower each.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator
from torch import Tensor, nn

from recmtl.batch import Batch
from recmtl.models.domain_vectors import DomainVectors
from recmtl.models.encoder import Encoded
from recmtl.models.output import Output
from recmtl.models.routes import Plan
from recmtl.models.sharing import Heads, Sharing, SharingConfig
from recmtl.nn.mlp import MLP
from recmtl.nn.neuron_pruner import NeuronPruner, Pruning
from recmtl.nn.towers import Towers

# B rows, I input, L layers, C width of a domain's vector, R asked routes, H width

Share = Annotated[float, Field(ge=0, le=1)]


class AdaSparseConfig(SharingConfig):
    """One network whose neurons are weighted, and switched off, by a vector of the domain (Yang et al., CIKM 2022)."""

    paper: ClassVar = "Yang et al., CIKM 2022"
    rule: ClassVar = (
        "All tasks and domains read one network; a vector of the domain weights the neurons of each layer, and "
        "switches some of them off; a tower of each task follows."
    )

    name: Literal["adasparse"] = "adasparse"
    network: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of the shared layers, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the network."""
    domain_dim: PositiveInt = 16
    """Width of a domain's vector."""
    pruning: Pruning = "fusion"
    """How neurons are weighted: fusion as above; scaling switches none off; binarization has weights of 0 and 1."""
    beta: PositiveFloat = 2.0
    """Greatest weight of a neuron; at 2 all start near 1."""
    epsilon: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """A neuron of this weight or less is switched off."""
    alpha: tuple[PositiveFloat, PositiveFloat] = (0.1, 5.0)
    """Steepness of the weights' sigmoid, at the first step and in the end."""
    alpha_steps: PositiveInt = 2000
    """Steps until it is there."""
    sparsity: tuple[Share, Share] = (0.15, 0.25)
    """Least and greatest share of neurons that are to be off in a layer."""
    sparsity_weight: NonNegativeFloat = 0.01
    """Weight of what is added to the losses where the share is another; it grows as alpha does."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.sparsity[0] > self.sparsity[1]:
            raise ValueError(f"the shares of 'sparsity' {list(self.sparsity)} do not ascend")
        return self

    def build(self, plan: Plan) -> "AdaSparse":
        """For this input and these routes."""
        return AdaSparse(self, plan)


class AdaSparse(Sharing):
    """x_BI -> logits of the routes, and the shares of neurons that are off."""

    shared: ClassVar = ("layers",)
    steps: Tensor

    def __init__(self, config: AdaSparseConfig, plan: Plan) -> None:
        super().__init__()
        self.config = config
        in_dims = [plan.in_dim, *config.network]
        self.layers = nn.ModuleList(
            MLP(before, (after,), config.dropout) for before, after in zip(in_dims, config.network, strict=False)
        )
        how = (config.pruning, config.beta, config.epsilon)
        self.pruners = nn.ModuleList(NeuronPruner(config.domain_dim, width, *how) for width in config.network)
        self.vectors = DomainVectors(len(plan.domains), config.domain_dim)
        self.towers = Towers(len(plan.routes), config.network[-1], config.tower, config.dropout)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.out_dim = self.towers.out_dim

    @property
    def alpha(self) -> Tensor:
        """After the steps that were counted."""
        first, last = self.config.alpha
        return first + (last - first) * (self.steps / self.config.alpha_steps).clamp(max=1)

    def forward(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int], heads: Heads) -> Output:
        """The network once, the asked towers."""
        vector_BC = self.vectors(encoded.domain_B)
        alpha = self.alpha
        h_BH, zeros = x_BI, []
        for layer, pruner in zip(self.layers, self.pruners, strict=True):
            h_BH = layer(h_BH)
            weight_BH, zeros_B = pruner(h_BH, vector_BC, alpha)
            h_BH = h_BH * weight_BH
            zeros.append(zeros_B)
        h_BRH = self.towers(h_BH.unsqueeze(1).expand(-1, len(routes), -1), routes)
        return Output(heads(h_BRH, routes), {"zeros": torch.stack(zeros, dim=1).unsqueeze(1)})

    def extra_loss(self, output: Output, batch: Batch, tasks: Sequence[int]) -> Tensor | None:
        """For shares of neurons that are off outside of the interval."""
        alpha, (low, high) = self.alpha, self.config.sparsity
        if self.training:
            self.steps.add_(1)  # here and not in forward, which is called for each domain and each task with a mask
        if self.config.pruning == "scaling":
            return None
        zeros_L = output.auxiliary["zeros"].mean((0, 1))
        far_L = (zeros_L - (low + high) / 2).abs() * ((zeros_L < low) | (zeros_L > high))
        return self.config.sparsity_weight * alpha / self.config.alpha[0] * far_L.mean()
