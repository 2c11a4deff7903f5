"""Sub-Network Routing (Ma et al., AAAI 2019, doi 10.1609/aaai.v33i01.3301216).

    u_j = relu(x_j W_j + b_j)        v_i = sum_j z_ij W_ij u_j        h_t = tower_t(v_t)

Sub-networks lie in layers. Each of the next layer reads a sum v_i over all of this one, and so does each task after
the last. W_ij is a matrix that is learnt (`trans`) or the identity (`aver`). The gates z are hard concrete ones: in
training random, in evaluation fixed; one that comes to be 0 cuts its way. The loss has `l0` times the number of gates
that are expected to be open beside the tasks' own; of the gates to the tasks, those to the tasks that are trained.

A public port (MMLRec) keeps W_ij where no optimiser sees them, trains the noise u, divides log alpha alone by beta, and
leaves out the number of open gates.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Literal, cast

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.batch import Batch
from recmtl.models.encoder import Encoded
from recmtl.models.output import Output
from recmtl.models.routes import Plan, Routes
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import BatchedLinear, Experts
from recmtl.nn.hard_concrete import HardConcrete
from recmtl.nn.mixture import mix
from recmtl.nn.picked import picked
from recmtl.nn.towers import Towers

# B rows, I input, E sub-networks, R asked routes, H width


class SNRConfig(SharingConfig):
    """Layers of sub-networks, and ways between them that are learnt to be open or cut (Ma et al., AAAI 2019)."""

    paper: ClassVar = "Ma et al., AAAI 2019"
    rule: ClassVar = (
        "Each sub-network, and after the last layer each task's tower, reads the sum of all sub-networks of the layer "
        "before, each through a matrix and a gate of its own that is learnt to be exactly 0 or 1."
    )

    name: Literal["snr"] = "snr"
    kind: Literal["trans", "aver"] = "trans"
    """What a way between two sub-networks multiplies with: a matrix that is learnt (SNR-Trans), or nothing
    (SNR-Aver).
    """
    num_subnetworks: PositiveInt = 4
    """Sub-networks in each layer."""
    layers: tuple[PositiveInt, ...] = Field(default=(128, 128), min_length=1)
    """Width of a sub-network in each layer, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the sum."""
    l0: NonNegativeFloat = 1e-4
    """Weight, in the loss, of the number of gates that are expected to be open."""

    def build(self, plan: Plan) -> "SNR":
        """For this input and these routes."""
        return SNR(self, plan.in_dim, plan.routes)


class SNR(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("first", "later", "between")

    def __init__(self, config: SNRConfig, in_dim: int, routes: Routes) -> None:
        super().__init__()
        self.routes, self.l0 = routes, config.l0
        many, widths = config.num_subnetworks, config.layers
        self.first = Experts(many, in_dim, widths[:1], config.dropout)
        self.later = nn.ModuleList(BatchedLinear(many, before, after) for before, after in pairwise(widths))
        self.between = nn.ModuleList(_ways(config, many, width) for width in widths[:-1])
        self.to_tasks = _ways(config, len(routes), widths[-1])
        self.dropout = nn.Dropout(config.dropout)
        self.towers = Towers(len(routes), widths[-1], config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """All sub-networks, the ways to the asked routes, and their towers."""
        u_BEH = self.first(x_BI)
        for ways, layer in zip(self.between, self.later, strict=True):
            v_EBH = ways(u_BEH, range(u_BEH.shape[1])).transpose(0, 1).to(u_BEH.dtype)
            u_BEH = self.dropout(layer(v_EBH).relu()).transpose(0, 1)
        return self.towers(self.to_tasks(u_BEH, routes), routes)

    def extra_loss(self, output: Output, batch: Batch, tasks: Sequence[int]) -> Tensor:
        """`l0` times the expected number of open gates."""
        trained = [route for domain in range(self.routes.domains) for route in self.routes.of(tasks, domain)]
        counts = [cast(_Aver, ways).gates.open_chance().sum() for ways in self.between]
        counts.append(picked(self.to_tasks.gates.open_chance(), trained, dim=0).sum())
        return self.l0 * torch.stack(counts).sum()


class _Aver(nn.Module):
    """u_BEH -> v_BOH for those of the O receivers that are asked: sums under gates."""

    def __init__(self, receivers: int, senders: int) -> None:
        super().__init__()
        self.gates = HardConcrete(receivers, senders)

    def forward(self, u_BEH: Tensor, asked: Sequence[int]) -> Tensor:
        """v_i = sum_j z_ij u_j."""
        z_OE = picked(self.gates(), asked, dim=0)
        return mix(z_OE.expand(len(u_BEH), -1, -1), u_BEH)


class _Trans(_Aver):
    """The same, each way with a matrix of its own."""

    def __init__(self, receivers: int, senders: int, width: int) -> None:
        super().__init__(receivers, senders)
        self.width = width
        self.weight = nn.Parameter(torch.empty(receivers * width, senders * width))
        with torch.no_grad():  # Glorot's scale is that of one receiver, which adds up all senders
            for weight_HI in self.weight.chunk(receivers):
                nn.init.xavier_normal_(weight_HI)

    def forward(self, u_BEH: Tensor, asked: Sequence[int]) -> Tensor:
        """v_i = sum_j z_ij W_ij u_j: one product, with the gates inside the matrix."""
        z_OE = picked(self.gates(), asked, dim=0)
        of_each = self.weight.unflatten(0, (-1, self.width)).unflatten(-1, (-1, self.width))
        weight_OHEH = picked(of_each, asked, dim=0) * z_OE[:, None, :, None]
        v_BH = F.linear(u_BEH.flatten(1), weight_OHEH.flatten(2).flatten(0, 1))
        return v_BH.unflatten(-1, (len(asked), self.width))


def _ways(config: SNRConfig, receivers: int, width: int) -> _Aver:
    """From all sub-networks of a layer."""
    if config.kind == "aver":
        return _Aver(receivers, config.num_subnetworks)
    return _Trans(receivers, config.num_subnetworks, width)
