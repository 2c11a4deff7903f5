"""The lines of results, summed up: medians of the measurements of a system in a cell."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.cells import PEERS, SYSTEMS, Cell, is_of
from benchmarks.speed.flops import flops_per_row
from benchmarks.speed.run import QUIET_CORES

Line = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A measured quantity."""

    median: float
    low: float
    high: float
    runs: int
    disturbed: bool
    """No measurement was quiet: all are counted."""

    def text(self) -> str:
        """For a table."""
        spread = f" ({self.low:,.0f}-{self.high:,.0f})" if self.runs > 1 else ""
        return f"{self.median:,.0f}{spread}{' *' if self.disturbed else ''}"


class Results:
    """All lines of a file but those of failures."""

    def __init__(self, path: Path) -> None:
        lines = map(json.loads, path.read_text().splitlines())
        self.lines: list[Line] = [line for line in lines if "error" not in line]

    def of(self, system: str, cell: Cell) -> list[Line]:
        """The lines of a system in a cell."""
        return [line for line in self.lines if is_of(line, system, cell)]

    def figure(self, system: str, cell: Cell, key: str) -> Figure | None:
        """Over the quiet measurements, or over all if there is no quiet one; None if there is none at all."""
        lines = [line for line in self.of(system, cell) if key in line]
        noise = "predict_foreign_cores" if key == "predict_rows_s" else "foreign_cores"
        calm = [line for line in lines if line.get(noise, 0) <= QUIET_CORES]
        counted = [float(line[key]) for line in calm or lines]
        if not counted:
            return None
        return Figure(median(counted), min(counted), max(counted), len(counted), not calm)

    def best_peer(self, cell: Cell, key: str) -> tuple[str, Figure] | None:
        """The fastest other library."""
        found = [(name, figure) for name in PEERS if (figure := self.figure(name, cell, key))]
        return max(found, key=lambda pair: pair[1].median, default=None)

    def share(self, system: str, cell: Cell) -> str:
        """Of the products' own rate on this machine (the best one measured), what training reaches; for a table."""
        suffix = "" if SYSTEMS[system].precision == "f32" else f"-{SYSTEMS[system].precision}"
        limit = self.figure(f"roofline{suffix}", cell, "gflops")
        rate = self.figure(system, cell, "train_rows_s")
        if limit is None or rate is None:
            return ""
        reached = rate.median * flops_per_row(cell.model) / (limit.high * 1e9)
        return f"{reached:.0%}{' *' if rate.disturbed or limit.disturbed else ''}"

    def surroundings(self) -> list[str]:
        """The machine, and the versions of the libraries."""
        machines = {f"{line['machine']}, {line['cores']} cores" for line in self.lines if "machine" in line}
        versions = {name: f"{name} {which}" for line in self.lines for name, which in line.get("versions", {}).items()}
        return [*sorted(machines), *sorted(versions.values())]

    def systems(self, cells: Sequence[Cell]) -> list[str]:
        """Those that were measured in any of the cells."""
        return [name for name, runner in SYSTEMS.items()
                if runner.trains and any(self.of(name, cell) for cell in cells)]  # fmt: skip
