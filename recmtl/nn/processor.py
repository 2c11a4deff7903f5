"""What this machine's processor can do."""

from functools import cache
from typing import Any

import torch


@cache
def capabilities() -> dict[str, Any]:
    """By name, as torch tells it: `cpu_name`, `avx512_f`, `avx512_bf16`, `amx_tile`, ...; nothing from a torch that is
    too old to tell: then it is taken to have none of these.
    """
    tell = getattr(torch.cpu, "get_capabilities", dict)
    return dict(tell())
