"""The limits that Linux sets to groups of processes: containers, batch systems, services. Versions 2 and 1."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

Version = Literal[1, 2]


def folders(controller: Literal["memory", "cpu"], system: Path = Path("/")) -> Iterator[tuple[Version, Path]]:
    """The folders with this process's own limits and with those around it: the tightest counts.

    A folder may be absent, and so may each file in it; there are none where the system has no cgroups.
    """
    try:
        lines = (system / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    mount = system / "sys/fs/cgroup"
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield from ((2, folder) for folder in _upwards(mount, path))
        elif controller in controllers.split(","):
            yield from ((1, folder) for folder in _upwards(mount / controller, path))


def _upwards(root: Path, path: str) -> Iterator[Path]:
    """From the cgroup at `path` to the root.

    A container may see its own cgroup as the root while it is told the path outside; then only the root is there.
    """
    parts = [part for part in path.split("/") if part]
    inner = root if ".." in parts else root.joinpath(*parts)
    for folder in (inner, *inner.parents):
        yield folder
        if folder == root:
            return
