"""Which library multiplies single precision matrices on a processor.

torch takes MKL, which on AMD's processors uses half of the vector width that they have; oneDNN, which torch has too,
uses all of it: about twice as fast. torch hands single products to oneDNN when it is allowed to narrow them to
bfloat16, as processors with tile units would; one without these narrows nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

from recmtl.nn.processor import capabilities

_NARROW = 1 + 2.0**-12
"""Bfloat16 would make it 1."""


@contextmanager
def fast_products() -> Iterator[None]:
    """Within: single precision products as fast as this processor takes them, none of them narrowed."""
    setting = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = setting.fp32_precision
    try:
        if _onednn_is_faster():
            setting.fp32_precision = "bf16"
            if not _is_exact():
                setting.fp32_precision = before
        yield
    finally:
        setting.fp32_precision = before


@cache
def _onednn_is_faster() -> bool:
    # facts of the machine, not a race: which one it is must not change from run to run
    found = capabilities()
    tiles = any(found.get(name) for name in ("amx_tile", "amx_bf16"))
    return "AMD" in str(found.get("cpu_name")) and bool(found.get("avx512_f")) and not tiles


@cache
def _is_exact() -> bool:
    """Asked while narrowing is allowed."""
    narrowed = torch.full((64, 64), _NARROW) @ torch.eye(64)
    return bool((narrowed == _NARROW).all())
