"""The section `prune`."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveInt

from recmtl.config import Config


class PruneConfig(Config):
    """How a task's ticket is searched."""

    final_rate: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the shared deep layers' weights that the last mask keeps."""
    iterations: PositiveInt = 4
    """Masks on the way there, each keeping the same share of the one before."""
    tolerance: NonNegativeFloat = 0.001
    """The ticket is the smallest mask whose validation score lies within this of the best mask's."""
