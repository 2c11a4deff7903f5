"""What every balance does."""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from recmtl.config import Component


class Balance:
    """Turns the tasks' losses into gradients."""

    def backward(self, losses_T: Tensor, extra: Tensor | None = None) -> None:
        """Accumulate the gradients of all parameters that the losses depend on.

        Args:
            losses_T: of the tasks.
            extra: what the model adds to their sum.
        """
        raise TypeError(f"{type(self).__name__} has no backward")


class BalanceConfig(Component):
    """How the tasks' losses become one update."""

    family: ClassVar[str] = "balance"

    def build(self, tasks: Sequence[str]) -> Balance:
        """For the tasks that are trained, in the order of their losses."""
        raise TypeError(f"{type(self).__name__} builds nothing")

    def check(self, tasks: Sequence[str]) -> None:
        """Refuse settings that name a task which is not among `tasks`.

        Raises:
            ConfigError: naming it.
        """
