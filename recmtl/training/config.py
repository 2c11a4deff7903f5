"""The section `train`."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt

from recmtl.balancing.base import BalanceConfig
from recmtl.balancing.fixed import FixedConfig
from recmtl.config import Config, OneOf
from recmtl.losses.base import LossConfig
from recmtl.nn.device import AskedDevice, resolve_device
from recmtl.nn.precision import AskedPrecision, resolve_precision
from recmtl.training.learning_rate import ConstantConfig, LearningRateConfig
from recmtl.training.optimizers import AdamConfig, OptimizerConfig, TableAdamConfig, TableOptimizerConfig


class TrainConfig(Config):
    """How a model is trained."""

    epochs: PositiveInt = 10
    """Passes over the training rows, at most; early stopping may end sooner."""
    patience: PositiveInt = 2
    """Epochs without a better validation score before training stops."""
    batch_size: PositiveInt = 1024
    """Rows of one step."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the initial weights, the order of rows and dropout; torch's generator knows no more than 32 bits."""
    shuffle_window: PositiveInt = 64
    """Row groups (16,384 rows each, at most) shuffled together."""
    losses: dict[str, Annotated[LossConfig, OneOf()]] = Field(default_factory=dict)
    """Loss of each task; cross_entropy for a binary task and mse for a regression that is not named."""
    balance: Annotated[BalanceConfig, OneOf()] = FixedConfig()
    """How the tasks' losses become one update."""
    optimizer: Annotated[OptimizerConfig, OneOf()] = AdamConfig()
    """What moves all parameters but the embedding tables."""
    table_optimizer: Annotated[TableOptimizerConfig, OneOf()] = TableAdamConfig()
    """What moves the embedding tables."""
    learning_rate_schedule: Annotated[LearningRateConfig, OneOf()] = ConstantConfig()
    """How the rates of both optimizers move over training."""
    clip_norm: PositiveFloat | None = None
    """Greatest norm of the gradient of all parameters but the tables; none: no clipping."""
    precision: AskedPrecision = "f32"
    """Of the network's products: single; bfloat16, several times as fast on a machine that multiplies it; or auto,
    which is bfloat16 on such a machine and single on others. Weights, logits and losses are single.
    """
    device: AskedDevice = "cpu"
    """What computes: the processor, a CUDA device, or auto, the latter where there is one."""
    compile: bool = False
    """Whether torch.compile translates the deep part first. On a processor that makes a step slower; on a CUDA device
    it may pay in bf16 with batches of ten thousand rows or more. Not used in tickets.
    """
    keep_checkpoints: Literal["best", "all"] = "best"
    """What is kept beside best.pt and last.pt: nothing, or every epoch's weights."""

    def resolved(self) -> Self:
        """As this machine computes: without auto.

        Raises:
            ConfigError: there is no such device.
        """
        device = resolve_device(self.device)
        return self.model_copy(update={"device": device, "precision": resolve_precision(self.precision, device)})
