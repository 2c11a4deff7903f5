"""The state of the generators that training draws from: the processor's, and the device's where that is another."""

from collections.abc import Sequence

import torch
from torch import Tensor


def chance_of(device: torch.device) -> list[Tensor]:
    """For a checkpoint."""
    return [torch.get_rng_state()] + ([torch.cuda.get_rng_state()] if device.type == "cuda" else [])


def set_chance(states: Sequence[Tensor]) -> None:
    """Go on from there."""
    torch.set_rng_state(states[0])
    for state in states[1:]:
        torch.cuda.set_rng_state(state)
