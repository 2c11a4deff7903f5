"""How the learning rates move over training: a factor of each optimizer's own rate, by step."""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt

from recmtl.config import Component


class LearningRateConfig(Component):
    """A rise over the first steps, then what the kind says."""

    family: ClassVar[str] = "learning-rate schedule"
    warmup_steps: NonNegativeInt = 0
    """The rate rises from 0 to its full value over so many steps."""

    def factor(self, step: int, steps: int) -> float:
        """At `step` (from 0) of `steps` in all."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        return self.after((step - self.warmup_steps) / max(steps - self.warmup_steps, 1))

    def after(self, share: float) -> float:
        """After the rise, at `share` (0 to 1) of the rest."""
        raise TypeError(f"{type(self).__name__} has no curve")


class ConstantConfig(LearningRateConfig):
    """Always the full rate."""

    name: Literal["constant"] = "constant"

    def after(self, share: float) -> float:
        """1."""
        return 1.0


class CosineConfig(LearningRateConfig):
    """Half a cosine (Loshchilov and Hutter, ICLR 2017), down to `floor` at the last of `train.epochs`."""

    name: Literal["cosine"] = "cosine"
    floor: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the full rate that is left at the end."""

    def after(self, share: float) -> float:
        """From 1 to `floor`."""
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


class ExponentialConfig(LearningRateConfig):
    """The same factor every step, down to `floor` at the last of `train.epochs`."""

    name: Literal["exponential"] = "exponential"
    floor: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Share of the full rate that is left at the end."""

    def after(self, share: float) -> float:
        """From 1 to `floor`."""
        return float(self.floor ** min(share, 1.0))
