"""How much memory there is: the machine's, or less where a cgroup (a container, a batch system) sets a limit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from recmtl.artifacts.cgroups import Version, folders


def total_memory() -> int:
    """Bytes that may be used in all."""
    return min([psutil.virtual_memory().total, *(limit.total for limit in limits())])


def available_memory() -> int:
    """Bytes that can still be taken now, without swapping and without being killed for it."""
    return min([psutil.virtual_memory().available, *(limit.available for limit in limits())])


@dataclass(frozen=True)
class Limit:
    """What a cgroup allows, in bytes."""

    total: int
    used: int
    """Without the cached files that the kernel drops when it needs the room."""

    @property
    def available(self) -> int:
        """What is left of it."""
        return max(self.total - self.used, 0)


def limits(system: Path = Path("/")) -> Iterator[Limit]:
    """Of all cgroups that this process is in."""
    for version, folder in folders("memory", system):
        limit = _read(folder, _FILES[version])
        if limit is not None:
            yield limit


_FILES: dict[Version, tuple[str, str, str]] = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""Limit, use, and the cached files' key in memory.stat."""


def _read(folder: Path, names: tuple[str, str, str]) -> Limit | None:
    """None if there is no such cgroup, or if it has no limit ("max")."""
    try:
        total, used = (int((folder / name).read_text()) for name in names[:2])
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return Limit(total, used - int(stat.get(names[2], 0)))
    except (OSError, ValueError):
        return None
