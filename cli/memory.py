"""How the process asks the system for memory, so that steps of training do not wait for it."""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Of glibc's malloc.h."""
_MIB = 1 << 20


def keep_pages() -> None:
    """Large tables lie in large pages, and freed memory stays with the process.

    A step frees what the next one takes again; where that went back to the system in between, every page comes back
    zeroed, which takes up to a quarter of a step. To be called before torch's first tensor.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch asks once
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 32 * _MIB)  # the most that glibc takes
        mallopt(_TRIM_THRESHOLD, 1024 * _MIB)
        mallopt(_TOP_PAD, 64 * _MIB)
