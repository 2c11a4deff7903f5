"""Single-task models: a model of its own for each task, the baseline of all that share.

    y_t = head_t(MLP_t(x_t))        x_t: what the task's own embeddings give

Nothing is common, neither a table nor a layer: tasks that are trained together come to the same weights as tasks that
are trained one by one, but for what the training itself has in common (a bound of the whole gradient's norm, the choice
of the best epoch, the draws of dropout).
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt
from torch import Tensor

from recmtl.models.encoder import Encoded
from recmtl.models.routes import Plan, Routes
from recmtl.models.sharing import Sharing, SharingConfig
from recmtl.nn.picked import picked
from recmtl.nn.towers import Towers

# B rows, I input, H width, C copies of the tables, R asked routes


class SingleTaskConfig(SharingConfig):
    """A model of its own for each task, from the embeddings on: nothing is shared."""

    paper: ClassVar = "no paper: the baseline without sharing"
    rule: ClassVar = "Each task has embeddings, a network and a head of its own."

    name: Literal["single_task"] = "single_task"
    bottom: tuple[PositiveInt, ...] = Field(default=(256, 128), min_length=1)
    """Widths of a task's layers, first layer first."""

    def build(self, plan: Plan) -> "SingleTask":
        """For this input and these routes."""
        return SingleTask(self, plan.in_dim, len(plan.routes))

    def copies(self, routes: Routes) -> int:
        """One for each route."""
        return len(routes)


class SingleTask(Sharing):
    """x_CBI -> h_BRH, a copy for each route; x_BI if there is one route alone."""

    shared: ClassVar = ()

    def __init__(self, config: SingleTaskConfig, in_dim: int, num_routes: int) -> None:
        super().__init__()
        self.towers = Towers(num_routes, in_dim, config.bottom, config.dropout)
        self.out_dim = self.towers.out_dim

    def deep(self, x_BI: Tensor, encoded: Encoded, routes: Sequence[int]) -> Tensor:
        """The asked networks, each on its own copy."""
        x_CBI = x_BI if x_BI.ndim == 3 else x_BI.unsqueeze(0)
        return self.towers(picked(x_CBI, routes, 0).transpose(0, 1), routes)
