"""What Linux tells of processes: processor time of this one's tree and of all others, and memory."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """At one moment."""

    wall: float
    """Seconds."""
    own: float
    """Processor seconds of this process and its children, those that ended included."""
    all: float
    """Processor seconds of the machine."""

    def cores_since(self, earlier: "Usage") -> tuple[float, float]:
        """Cores used on average since: (by this tree, by others)."""
        wall, own = self.wall - earlier.wall, self.own - earlier.own
        return own / wall, max(0.0, self.all - earlier.all - own) / wall


def machine() -> dict[str, object]:
    """The processor's name, and how many cores may be used."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return {"machine": name, "cores": len(os.sched_getaffinity(0))}


def usage() -> Usage:
    """Now."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    user, nice, system, _idle, _waiting, irq, soft = map(int, words[1:8])
    return Usage(time.monotonic(), sum(map(_seconds, tree())), (user + nice + system + irq + soft) / _TICKS)


def tree() -> list[int]:
    """This process and all below it."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(path.name))
        if fields:
            parents[int(path.name)] = int(fields[1])
    found = [os.getpid()]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def peak_mib() -> tuple[int, int]:
    """The greatest resident size so far: (of this process, of its living children together)."""
    own, *children = map(_peak, tree())
    return own // 1024, sum(children) // 1024


def _stat(process: int) -> list[str]:
    """The fields behind the name: state, parent, ...; nothing for one that is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _seconds(process: int) -> float:
    return sum(map(int, _stat(process)[11:15])) / _TICKS


def _peak(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
