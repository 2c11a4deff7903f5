"""Parameter and Embedding Personalized Network (Chang et al., KDD 2023, arXiv 2302.01115).

    gate(v) = 2 sigmoid(relu(v W + b) W' + b')
    o = gate_ep([vector of the domain; sg(x)]) * x                                  EPNet
    h_t <- relu((gate_lt([prior; sg(o)]) * h_t) W_lt + b_lt)       h_t = o          PPNet, for each layer l, task t
    logit_t = head_t(gate_Lt([prior; sg(o)]) * h_t)

sg stops the gradient: a gate is no way for x, or o, to learn. prior holds the vectors of features that tell who and
what a row is about (the paper: the user, the item and its author), which learn through the gates too. The gates of all
tasks at a layer read one hidden layer. A gate of 1 leaves the network as it is, and so all of them start near 1.

The gates stand before each layer, that of the logit included, as in the paper; some public code has them behind. Other
code detaches x itself, which then never learns.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Literal, cast

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from recmtl.models.domain_vectors import DomainVectors
from recmtl.models.encoder import Encoded
from recmtl.models.field_places import field_places
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.gates import Gates
from recmtl.nn.picked import picked
from recmtl.nn.towers import Towers

# B rows, I input, R asked routes, H width, F features, D their width


class PEPNetConfig(SharingConfig):
    """A network for each task, with gates on its inputs from the domain and on its layers from user and item (Chang et
    al., KDD 2023).
    """

    paper: ClassVar = "Chang et al., KDD 2023"
    rule: ClassVar = (
        "Gates between 0 and 2 scale the shared inputs by the domain, and what each layer of a task's own network "
        "reads by features of the user and the item."
    )

    name: Literal["pepnet"] = "pepnet"
    domain_features: tuple[str, ...] = ()
    """Features that tell about the domain: the gate on the inputs reads them beside the domain's own vector."""
    domain_dim: PositiveInt = 16
    """Width of that vector."""
    prior: tuple[str, ...] | None = None
    """Features that tell about the user and the item, which the gates on the layers read; null: all."""
    gate: PositiveInt = 32
    """Width of a gate's hidden layer."""
    tower: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of the layers of a task's network, first layer first."""

    def build(self, plan: Plan) -> "PEPNet":
        """For this input and these routes.

        Raises:
            ConfigError: a feature that a gate should read is not there.
        """
        return PEPNet(self, plan)


class PEPNet(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ()

    def __init__(self, config: PEPNetConfig, plan: Plan) -> None:
        super().__init__()
        num_routes, prior = len(plan.routes), plan.fields if config.prior is None else config.prior
        self.prior = field_places(prior, plan.fields, "model.prior")
        self.domain_fields = field_places(config.domain_features, plan.fields, "model.domain_features")
        self.vectors = DomainVectors(len(plan.domains), config.domain_dim)
        about_domain = config.domain_dim + len(self.domain_fields) * plan.dim
        self.input_gate = Gates(about_domain + plan.in_dim, config.gate, 1, plan.in_dim)
        read = len(self.prior) * plan.dim + plan.in_dim
        self.gates = nn.ModuleList(
            Gates(read, config.gate, num_routes, width) for width in (plan.in_dim, *config.tower)
        )
        self.layers = nn.ModuleList(
            Towers(num_routes, before, (after,), config.dropout)
            for before, after in pairwise([plan.in_dim, *config.tower])
        )
        self.out_dim = config.tower[-1]

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The gated inputs once, the asked networks with their gates."""
        about_domain = [self.vectors(encoded.domain_B), _side_by_side(encoded.fields_BFD, self.domain_fields)]
        x_BI = self.input_gate(torch.cat([*about_domain, x_BI.detach()], dim=1), [0])[:, 0] * x_BI
        read_BI = torch.cat([_side_by_side(encoded.fields_BFD, self.prior), x_BI.detach()], dim=1)
        first, *others = self.gates
        h_BRH = first(read_BI, routes) * x_BI.unsqueeze(1)
        for layer, gates in zip(self.layers, others, strict=True):
            h_BRH = gates(read_BI, routes) * layer(h_BRH, routes)
        return cast(Tensor, h_BRH)


def _side_by_side(fields_BFD: Tensor, places: Sequence[int]) -> Tensor:
    return picked(fields_BFD, places).flatten(1)
