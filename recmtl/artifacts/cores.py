"""How many processor cores this process may use."""

import os
from collections.abc import Iterator
from pathlib import Path

from recmtl.artifacts.cgroups import folders


def usable_cores() -> float:
    """The machine's, or less where the process is bound to some or a cgroup gives it a share (1.5 is one and a
    half).
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([float(bound), *quotas()])


def quotas(system: Path = Path("/")) -> Iterator[float]:
    """Cores that each cgroup of this process gives it."""
    for version, folder in folders("cpu", system):
        try:
            if version == 2:
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            if float(quota) > 0:  # version 1 has -1 where there is no limit, version 2 has "max"
                yield float(quota) / float(period)
        except (OSError, ValueError):
            continue
