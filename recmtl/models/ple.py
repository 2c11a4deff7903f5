"""Progressive Layered Extraction (Tang et al., RecSys 2020, doi 10.1145/3383313.3412236, eq. 1 to 6). One level is the
paper's CGC.

    g_t(h_t) = sum_e softmax(W_t h_t)_e S_te        S_t = [experts of task t; shared experts]
    g_s(h_s) = sum_e softmax(W_s h_s)_e S_se        S_s = [experts of all tasks; shared experts]

At the first level h_t = h_s = x; at every other, the experts of task t and its gate read g_t of the level before, the
shared ones g_s. The last level has no shared gate. Without experts of its own a task mixes the shared ones alone: with
one level this is MMoE.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from recmtl.models.encoder import Encoded
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.experts import Experts
from recmtl.nn.mixture import mix
from recmtl.nn.mlp import linear
from recmtl.nn.towers import Towers

# B rows, I input, E experts, T asked tasks, H width


class PLEConfig(SharingConfig):
    """Experts of each task and shared ones, in levels, mixed by gates (Tang et al., RecSys 2020)."""

    name: Literal["ple"] = "ple"
    num_levels: PositiveInt = 2
    """Levels of extraction; one is CGC."""
    num_specific_experts: NonNegativeInt = 2
    """Experts of each task alone, at each level."""
    num_shared_experts: PositiveInt = 2
    """Experts that all tasks share, at each level."""
    expert: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of an expert's layers, first layer first."""
    tower: tuple[PositiveInt, ...] = (64,)
    """Widths of a task's tower before its logit; none: the logit reads the mixture."""

    def build(self, in_dim: int, tasks: Sequence[str]) -> "PLE":
        """For an input of `in_dim`."""
        return PLE(self, in_dim, len(tasks))


class PLE(Sharing):
    """x_BI -> h_BTH."""

    shared: ClassVar = ("shared_experts",)

    def __init__(self, config: PLEConfig, in_dim: int, num_tasks: int) -> None:
        super().__init__()
        in_dims = [in_dim] + [config.expert[-1]] * (config.num_levels - 1)
        self.shared_experts = nn.ModuleList(
            Experts(config.num_shared_experts, width, config.expert, config.dropout) for width in in_dims
        )
        self.levels = nn.ModuleList(
            _Level(config, width, num_tasks, last=place == len(in_dims)) for place, width in enumerate(in_dims, 1)
        )
        self.towers = Towers(num_tasks, config.expert[-1], config.tower, config.dropout)
        self.out_dim = self.towers.out_dim

    def forward(self, x_BI: Tensor, encoded: Encoded, tasks: Sequence[int]) -> Tensor:
        """Every level but the last computes all tasks, since its shared gate reads them all."""
        num_tasks = len(self.towers.tower)
        h, shared_BH = dict.fromkeys(range(num_tasks), x_BI), x_BI
        for place, level in enumerate(self.levels):
            last = place == len(self.levels) - 1
            common_BEH = self.shared_experts[place](shared_BH)
            h, shared_BH = level(h, shared_BH, common_BEH, tasks if last else range(num_tasks))
        return self.towers(torch.stack([h[task] for task in tasks], dim=1), tasks)


class _Level(nn.Module):
    """The experts of each task, and the gates."""

    def __init__(self, config: PLEConfig, in_dim: int, num_tasks: int, last: bool) -> None:
        super().__init__()
        specific, shared = config.num_specific_experts, config.num_shared_experts
        self.experts = nn.ModuleList(
            Experts(specific, in_dim, config.expert, config.dropout) for _ in range(num_tasks if specific else 0)
        )
        self.gates = nn.ModuleList(linear(in_dim, specific + shared, bias=False) for _ in range(num_tasks))
        self.shared_gate = None if last else linear(in_dim, num_tasks * specific + shared, bias=False)

    def forward(
        self, h: Mapping[int, Tensor], shared_BH: Tensor, common_BEH: Tensor, tasks: Sequence[int]
    ) -> tuple[dict[int, Tensor], Tensor]:
        """The tasks' mixtures and the shared one.

        Args:
            h: each task's input [B, H].
            shared_BH: the shared experts' input.
            common_BEH: what the shared experts made of it.
            tasks: whose mixtures are wanted; all of them unless the level is the last.
        """
        own = {task: [self.experts[task](h[task])] if len(self.experts) else [] for task in tasks}
        mixed = {task: _mix(self.gates[task](h[task]), [*own[task], common_BEH]) for task in tasks}
        if self.shared_gate is None:
            return mixed, shared_BH
        everything = [expert_BEH for task in tasks for expert_BEH in own[task]]
        return mixed, _mix(self.shared_gate(shared_BH), [*everything, common_BEH])


def _mix(gate_BE: Tensor, expert_BEH: list[Tensor]) -> Tensor:
    """The experts' mixture [B, H] by the softmax of the gate."""
    return mix(gate_BE.softmax(-1).unsqueeze(1), torch.cat(expert_BEH, dim=1)).squeeze(1)
