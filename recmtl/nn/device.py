"""Where a network computes."""

from typing import Literal

import torch

from recmtl.errors import ConfigError

Device = Literal["cpu", "cuda"]
AskedDevice = Literal["auto", "cpu", "cuda"]


def resolve_device(asked: AskedDevice) -> Device:
    """Auto is CUDA where torch finds a device, and the processor elsewhere.

    Raises:
        ConfigError: CUDA was asked for and there is none.
    """
    if asked == "cpu" or torch.cuda.is_available():
        return "cpu" if asked == "cpu" else "cuda"
    if asked == "auto":
        return "cpu"
    raise ConfigError(
        "the device is 'cuda', but torch finds none here.",
        hint="Give --device cpu (train.device), or install a build of torch for this machine's device.",
    )
