"""The precision in which a network's products are computed; weights, sums over experts, logits and losses are single
whatever it is.
"""

from contextlib import AbstractContextManager
from typing import Literal

import torch

from recmtl.nn.device import Device
from recmtl.nn.processor import capabilities

Precision = Literal["f32", "bf16"]
AskedPrecision = Literal["auto", "f32", "bf16"]


def resolve_precision(asked: AskedPrecision, device: Device) -> Precision:
    """Auto is bfloat16 where the machine multiplies it, and single where it would only widen it first."""
    if asked != "auto":
        return asked
    return "bf16" if _has_bf16(device) else "f32"


def _has_bf16(device: Device) -> bool:
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return any(bool(capabilities().get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def products_in(precision: Precision, device: str) -> AbstractContextManager[object]:
    """Within: linear layers and batched products take and give this precision."""
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bf16")
