"""Adaptive Parameter Generation (Yan et al., NeurIPS 2022, arXiv 2203.16218).

    h <- relu(U S(z) V h + b)       S(z) = reshape(MLP(z)), K x K       U = U_l U_r, V = V_l V_r, P > K wide inside

Each layer's weights are generated for a row from its condition z: U and V are what all rows share, S what they do not.
The paper has three kinds of conditions: of a group, the same for all rows of it; several mixed; and the row's own, what
the layer reads. P makes U and V learn better and costs a row nothing, since each pair is multiplied out first. The
paper has one task: here the layers of all tasks are followed by a tower for each.

Public code generates with one linear layer, from a condition without a gradient, and has no P.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Literal, Self

import torch
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator
from torch import Tensor, nn

from recmtl.models.domain_vectors import DomainVectors
from recmtl.models.encoder import Encoded
from recmtl.models.field_places import field_places
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.generated import GeneratedLinear
from recmtl.nn.picked import picked
from recmtl.nn.towers import Towers

# B rows, I input, H width, R asked routes, Z width of a condition


class APGConfig(SharingConfig):
    """Layers whose weights are generated for each row, from its domain or other features (Yan et al., NeurIPS 2022)."""

    paper: ClassVar = "Yan et al., NeurIPS 2022"
    rule: ClassVar = (
        "All tasks read one network, each through a tower of its own; a small core of each layer's weights is "
        "generated for the row from its condition: its domain, some of its features, or what the layer reads."
    )

    name: Literal["apg"] = "apg"
    condition: Literal["group", "mix", "self"] = "group"
    """What a row's weights are generated from: the domain, or the features in `condition_features` in its place
    (group); domain, these features and what the layer reads, side by side (mix); what the layer reads (self).
    """
    condition_features: tuple[str, ...] = ()
    """Features whose vectors are part of the condition."""
    domain_dim: PositiveInt = 16
    """Width of a domain's vector."""
    bottom: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of the layers that all tasks share, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the bottom."""
    rank: PositiveInt = 16
    """Rank of a layer's weights, and width of their generated core."""
    inner_rank: NonNegativeInt = 64
    """Inner width of the products as which what surrounds the core is learnt; 0: it is learnt as it is."""
    generator: tuple[PositiveInt, ...] = (64,)
    """Widths of the hidden layers of the network that generates."""
    generated_bias: bool = False
    """Whether biases are generated too."""

    @model_validator(mode="after")
    def _has_no_key_without_effect(self) -> Self:
        if self.condition == "self" and self.condition_features:
            raise ValueError(
                "condition_features has no effect with the condition 'self': leave it out, or choose 'mix'"
            )
        if 0 < self.inner_rank <= self.rank:
            raise ValueError(f"inner_rank must be greater than the rank {self.rank}, or 0")
        return self

    def build(self, plan: Plan) -> "APG":
        """For this input and these routes.

        Raises:
            ConfigError: a feature of the condition is not there.
        """
        return APG(self, plan)


class APG(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("layers",)

    def __init__(self, config: APGConfig, plan: Plan) -> None:
        super().__init__()
        self.condition = config.condition
        self.places = field_places(config.condition_features, plan.fields, "model.condition_features")
        by_domain = config.condition == "mix" or (config.condition == "group" and not self.places)
        self.vectors = DomainVectors(len(plan.domains), config.domain_dim) if by_domain else None
        given = len(self.places) * plan.dim + (config.domain_dim if by_domain else 0)
        self.layers = nn.ModuleList(
            GeneratedLinear(
                before,
                after,
                given if config.condition == "group" else given + before,
                config.rank,
                config.inner_rank,
                config.generator,
                config.generated_bias,
            )
            for before, after in pairwise([plan.in_dim, *config.bottom])
        )
        self.dropout = nn.Dropout(config.dropout)
        self.towers = Towers(len(plan.routes), config.bottom[-1], config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The generated layers once, the asked towers."""
        h_BH, (z_GZ, group_B) = x_BI, self._given(encoded)
        for layer in self.layers:
            z_of_layer = z_GZ if self.condition == "group" else torch.cat([z_GZ.to(h_BH.dtype), h_BH], dim=1)
            h_BH = self.dropout(layer(h_BH, z_of_layer, group_B).relu_())
        return self.towers(h_BH.unsqueeze(1).expand(-1, len(routes), -1), routes)

    def _given(self, encoded: Encoded) -> tuple[Tensor, Tensor | None]:
        """The condition but for what a layer reads; once for each domain if it is the domain alone."""
        if self.condition == "group" and self.vectors is not None:
            return self.vectors.all(), encoded.domain_B
        z_BZ = picked(encoded.fields_BFD, self.places).flatten(1)
        if self.vectors is not None:
            z_BZ = torch.cat([self.vectors(encoded.domain_B), z_BZ], dim=1)
        return z_BZ, None
