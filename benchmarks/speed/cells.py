"""What is measured: systems, and cells of model, batch and threads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.measure import MODELS


@dataclass(frozen=True)
class Runner:
    """A system's script and how it is run."""

    module: str
    environment: str = ""
    """Below the folder of environments; none: the interpreter that runs this."""
    precision: str = "f32"
    models: tuple[str, ...] = MODELS
    trains: bool = True

    def python(self, peers: Path, own: str) -> str:
        """The interpreter."""
        return str(peers / self.environment / "bin/python") if self.environment else own


SYSTEMS = {
    "recmtl": Runner("ours"),
    "recmtl-bf16": Runner("ours", precision="bf16"),
    "deepctr": Runner("peer_deepctr", "keras"),
    "deepctr-torch": Runner("peer_deepctr_torch", "torch"),
    "torch-rechub": Runner("peer_torch_rechub", "torch"),
    "fuxictr": Runner("peer_fuxictr", "torch", models=("mmoe", "ple", "shared_bottom")),
    "roofline": Runner("roofline", trains=False),
    "roofline-bf16": Runner("roofline", precision="bf16", trains=False),
}
OURS = ("recmtl", "recmtl-bf16")
PEERS = tuple(name for name, runner in SYSTEMS.items() if runner.trains and name not in OURS)


@dataclass(frozen=True)
class Cell:
    """One comparison."""

    model: str
    batch: int
    threads: int
    once: bool = False
    """However often the others are repeated."""
    epoch: bool = False


SETS: dict[str, Sequence[Cell]] = {
    "quick": [Cell("mmoe", 1024, 2)],
    "speed": [*(Cell(model, 1024, 2) for model in MODELS), Cell("mmoe", 4096, 2),
              *(Cell(model, 1024, 1, once=True) for model in MODELS)],
    "epoch": [Cell(model, 1024, 2, once=True, epoch=True) for model in MODELS],
}  # fmt: skip


def system_of(line: dict[str, object]) -> str:
    """The name here of the system that wrote a line."""
    suffix = "" if line["precision"] == "f32" else f"-{line['precision']}"
    return f"{line['system']}{suffix}"


def is_of(line: dict[str, object], system: str, cell: Cell) -> bool:
    """Whether a line of results is a measurement of this."""
    mode = "epoch" if cell.epoch else "speed"
    found = (system_of(line), line["model"], line["batch"], line["threads"], line["mode"])
    return found == (system, cell.model, cell.batch, cell.threads, mode)
