"""Multiple-level Sparse Sharing Model (Ding et al., SIGIR 2021, doi 10.1145/3404835.3463022).

    x_n = [w_n1 e_1; ...; w_nF e_F; numbers]        w_nf = relu(tanh(<g_nf, e_f> + b_nf))
    u_a <- relu(sum_b (M_ab * W_ab) u_b + c_a)      u_n = relu(x_n W_n + c_n) in the first layer
    h_t = tower_t(u_t)

Each task has a sub-network of its own, and there are some that belong to none. Each reads all features through gates of
its own, which close exactly where tanh falls below 0. In each later layer a sub-network reads all of the layer before
it, through masks of one hard concrete gate for each cell of a matrix: what comes to be 0 is not shared. The last layer
has the tasks' sub-networks alone. The loss has `l0` times the number of cells that are expected to be open beside the
tasks' own; of the last layer, those of the tasks that are trained.

b is not in the paper, and starts at 1: without it half of the gates start closed for an id, and if those of all
sub-networks do, nothing is ever learnt about it. Where the base click model makes something else of the features than
themselves side by side, all sub-networks read that too, without gates.

A public port (MMLRec) keeps W_ab and the noise of the gates where no optimiser sees them, and has no gates on features.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Literal, cast

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.batch import Batch
from recmtl.models.encoder import Encoded
from recmtl.models.output import Output
from recmtl.models.routes import Plan
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import BatchedLinear
from recmtl.nn.field_gates import FieldGates
from recmtl.nn.hard_concrete import HardConcrete
from recmtl.nn.picked import picked
from recmtl.nn.towers import Towers

# B rows, I input, F features, D their width, N sub-networks, R asked routes, H width


class MSSMConfig(SharingConfig):
    """Sub-networks of the tasks and shared ones, with gates on features and masks on the cells of the matrices between
    them (Ding et al., SIGIR 2021).
    """

    paper: ClassVar = "Ding et al., SIGIR 2021"
    rule: ClassVar = (
        "Each task's sub-network, and each shared one, reads the features through gates that can drop them, and in "
        "later layers all sub-networks through matrices whose every cell is learnt to be shared or cut."
    )

    name: Literal["mssm"] = "mssm"
    num_shared: NonNegativeInt = 1
    """Sub-networks beside the tasks' own."""
    layers: tuple[PositiveInt, ...] = Field(default=(128, 64), min_length=2)
    """Width of a sub-network in each layer, first layer first."""
    tower: tuple[PositiveInt, ...] = ()
    """Widths of a task's tower before its logit; none: the logit reads the task's sub-network."""
    l0: NonNegativeFloat = 1e-6
    """Weight, in the loss, of the number of cells that are expected to be open."""

    def build(self, plan: Plan) -> "MSSM":
        """For this input and these routes."""
        return MSSM(self, plan)


class MSSM(Sharing):
    """x_BI -> h_BRH."""

    shared: ClassVar = ("first", "between")

    def __init__(self, config: MSSMConfig, plan: Plan) -> None:
        super().__init__()
        self.routes, self.l0 = plan.routes, config.l0
        many, fields_dim = len(plan.routes) + config.num_shared, len(plan.fields) * plan.dim
        self.gates = FieldGates(many, len(plan.fields), plan.dim) if plan.fields else None
        self.gated_in_x = fields_dim if plan.in_dim == fields_dim + plan.dense_dim else 0
        in_dim = fields_dim + plan.in_dim - self.gated_in_x
        widths = list(pairwise(config.layers))
        self.first = BatchedLinear(many, in_dim, config.layers[0])
        self.between = nn.ModuleList(_Cells(many, many, before, after) for before, after in widths[:-1])
        self.to_tasks = _Cells(len(plan.routes), many, *widths[-1])
        self.dropout = nn.Dropout(config.dropout)
        self.towers = Towers(len(plan.routes), config.layers[-1], config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """All sub-networks, and of the last layer those of the asked routes."""
        x_NBI = self._inputs(x_BI, encoded).transpose(0, 1)
        u_BNH = self.dropout(self.first(x_NBI).relu()).transpose(0, 1)
        for cells in self.between:
            u_BNH = self.dropout(cells(u_BNH, range(u_BNH.shape[1])).relu())
        return self.towers(self.dropout(self.to_tasks(u_BNH, routes).relu()), routes)

    def _inputs(self, x_BI: Tensor, encoded: Encoded) -> Tensor:
        """x_BNI: the features behind gates, then what x has beside them."""
        beside_BNI = x_BI[:, self.gated_in_x :].unsqueeze(1).expand(-1, self.first.weight.shape[0], -1)
        if self.gates is None:
            return beside_BNI
        gated_BNFD = self.gates(encoded.fields_BFD).unsqueeze(-1) * encoded.fields_BFD.unsqueeze(1)
        return torch.cat([gated_BNFD.flatten(2).to(x_BI.dtype), beside_BNI], dim=2)

    def extra_loss(self, output: Output, batch: Batch, tasks: Sequence[int]) -> Tensor:
        """`l0` times the expected number of open cells."""
        trained = [route for domain in range(self.routes.domains) for route in self.routes.of(tasks, domain)]
        counts = [cast(_Cells, cells).open_cells().sum() for cells in self.between]
        counts.append(picked(self.to_tasks.open_cells(), trained, dim=0).sum())
        return self.l0 * torch.stack(counts).sum()


class _Cells(nn.Module):
    """u_BNH -> sum_b (M_ab * W_ab) u_b + c_a for those of the receivers a that are asked, [B, asked, O]."""

    def __init__(self, receivers: int, senders: int, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(receivers * out_dim, senders * in_dim))
        self.bias = nn.Parameter(torch.zeros(receivers * out_dim))
        self.gates = HardConcrete(*self.weight.shape)
        self.receivers = receivers
        with torch.no_grad():  # Glorot's scale is that of one receiver, which adds up all senders
            for weight_OH in self.weight.chunk(receivers):
                nn.init.xavier_normal_(weight_OH)

    def forward(self, u_BNH: Tensor, asked: Sequence[int]) -> Tensor:
        """One product, with the masks inside the matrix."""
        of_each = (self.weight * self.gates()).unflatten(0, (self.receivers, -1))
        bias_AO = picked(self.bias.unflatten(0, (self.receivers, -1)), asked, dim=0)
        weight_AOH = picked(of_each, asked, dim=0)
        return F.linear(u_BNH.flatten(1), weight_AOH.flatten(0, 1), bias_AO.flatten()).unflatten(-1, (len(asked), -1))

    def open_cells(self) -> Tensor:
        """How many are expected to be open, of each receiver."""
        return self.gates.open_chance().unflatten(0, (self.receivers, -1)).sum((1, 2))
