"""Optimizers: one family for the dense part, one for the embedding tables, whose gradients are sparse."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat
from torch import Tensor
from torch.optim import Optimizer

from recmtl.config import Component
from recmtl.training.eager import eager
from recmtl.training.lazy_adam import LazyAdam
from recmtl.training.row_gradients import summed_by_row
from recmtl.training.rowwise_adagrad import RowwiseAdagrad

Momentum = Annotated[float, Field(ge=0, lt=1)]


class OptimizerConfig(Component):
    """For all parameters but the tables."""

    family: ClassVar[str] = "optimizer"
    learning_rate: PositiveFloat = 1e-3
    """Rate of a step, before the factor of the schedule."""

    def build(self, weights: Iterable[Tensor]) -> Optimizer:
        """Over these weights."""
        raise TypeError(f"{type(self).__name__} builds nothing")


class AdamConfig(OptimizerConfig):
    """Adam (Kingma and Ba 2015)."""

    name: Literal["adam"] = "adam"
    l2: NonNegativeFloat = 0.0
    """Added to the gradient as l2 * weight."""

    def build(self, weights: Iterable[Tensor]) -> Optimizer:
        """Over these weights."""
        return eager(torch.optim.Adam)(weights, self.learning_rate, weight_decay=self.l2, fused=True)


class AdamWConfig(OptimizerConfig):
    """Adam with decoupled decay (Loshchilov and Hutter 2019)."""

    name: Literal["adamw"] = "adamw"
    weight_decay: NonNegativeFloat = 0.01
    """A step shrinks every weight by learning rate times this."""

    def build(self, weights: Iterable[Tensor]) -> Optimizer:
        """Over these weights."""
        return eager(torch.optim.AdamW)(weights, self.learning_rate, weight_decay=self.weight_decay, fused=True)


class AdagradConfig(OptimizerConfig):
    """Adagrad (Duchi et al. 2011)."""

    name: Literal["adagrad"] = "adagrad"
    learning_rate: PositiveFloat = 1e-2
    """Rate of a step, before the factor of the schedule."""
    l2: NonNegativeFloat = 0.0
    """Added to the gradient as l2 * weight."""

    def build(self, weights: Iterable[Tensor]) -> Optimizer:
        """Over these weights."""
        return eager(torch.optim.Adagrad)(weights, self.learning_rate, weight_decay=self.l2)


class SgdConfig(OptimizerConfig):
    """Stochastic gradient descent."""

    name: Literal["sgd"] = "sgd"
    learning_rate: PositiveFloat = 1e-1
    """Rate of a step, before the factor of the schedule."""
    momentum: Momentum = 0.0
    """Share of the last step that the next one keeps."""
    l2: NonNegativeFloat = 0.0
    """Added to the gradient as l2 * weight."""

    def build(self, weights: Iterable[Tensor]) -> Optimizer:
        """Over these weights."""
        return eager(torch.optim.SGD)(weights, self.learning_rate, self.momentum, weight_decay=self.l2)


class RmspropConfig(OptimizerConfig):
    """RMSprop (Hinton 2012)."""

    name: Literal["rmsprop"] = "rmsprop"
    momentum: Momentum = 0.0
    """Share of the last step that the next one keeps."""
    l2: NonNegativeFloat = 0.0
    """Added to the gradient as l2 * weight."""

    def build(self, weights: Iterable[Tensor]) -> Optimizer:
        """Over these weights."""
        return eager(torch.optim.RMSprop)(weights, self.learning_rate, momentum=self.momentum, weight_decay=self.l2)


class TableOptimizerConfig(Component):
    """For the embedding tables."""

    family: ClassVar[str] = "table optimizer"
    learning_rate: PositiveFloat = 1e-3
    """Rate of a step, before the factor of the schedule."""
    l2: NonNegativeFloat = 0.0
    """Added as l2 * weight to the gradient of the rows of a batch."""

    def build(self, table: Tensor) -> Optimizer:
        """Over one weight, the tables of one width."""
        raise TypeError(f"{type(self).__name__} builds nothing")

    def settle(self, table: Tensor) -> None:
        """Between the backward pass and the step: sum each row's gradients to one, and add L2."""
        if table.grad is None:
            return
        gradient = summed_by_row(table.grad)
        if self.l2:
            gradient.values().add_(table.detach()[gradient.indices()[0]], alpha=self.l2)
        table.grad = gradient


class LazyAdamConfig(TableOptimizerConfig):
    """Adam whose moments move only for the rows of a batch."""

    name: Literal["lazy_adam"] = "lazy_adam"

    def build(self, table: Tensor) -> Optimizer:
        """Over one weight, the tables of one width."""
        return eager(LazyAdam)([table], self.learning_rate)


class TableAdamConfig(LazyAdamConfig):
    """Adam over all rows where the tables are small; over the rows of a batch, as lazy_adam, where they are large."""

    name: Literal["adam"] = "adam"  # type: ignore[assignment]
    dense_up_to: NonNegativeInt = 2**18
    """Weights of all tables of one width together up to which all rows move in every step."""

    def build(self, table: Tensor) -> Optimizer:
        """Over one weight, the tables of one width."""
        if table.numel() > self.dense_up_to:
            return super().build(table)
        return eager(torch.optim.Adam)([table], self.learning_rate, weight_decay=self.l2, fused=True)

    def settle(self, table: Tensor) -> None:
        """As the optimizer that was built needs it."""
        if table.numel() > self.dense_up_to:
            super().settle(table)
        elif table.grad is not None:
            table.grad = table.grad.to_dense()


class RowwiseAdagradConfig(TableOptimizerConfig):
    """Adagrad with one number of state a row."""

    name: Literal["rowwise_adagrad"] = "rowwise_adagrad"
    learning_rate: PositiveFloat = 1e-2
    """Rate of a step, before the factor of the schedule."""

    def build(self, table: Tensor) -> Optimizer:
        """Over one weight, the tables of one width."""
        return eager(RowwiseAdagrad)([table], self.learning_rate)


class SparseAdagradConfig(TableOptimizerConfig):
    """Adagrad with one number of state a weight."""

    name: Literal["adagrad"] = "adagrad"
    learning_rate: PositiveFloat = 1e-2
    """Rate of a step, before the factor of the schedule."""

    def build(self, table: Tensor) -> Optimizer:
        """Over one weight, the tables of one width."""
        checks = torch.sparse.check_sparse_tensor_invariants
        if not checks.is_enabled():
            checks.disable()  # they are off already, but torch warns at the first step unless told so
        return eager(torch.optim.Adagrad)([table], self.learning_rate)


class SparseSgdConfig(TableOptimizerConfig):
    """Stochastic gradient descent."""

    name: Literal["sgd"] = "sgd"
    learning_rate: PositiveFloat = 1e-1
    """Rate of a step, before the factor of the schedule."""

    def build(self, table: Tensor) -> Optimizer:
        """Over one weight, the tables of one width."""
        return eager(torch.optim.SGD)([table], self.learning_rate)
