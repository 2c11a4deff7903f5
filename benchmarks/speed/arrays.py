"""The rows as arrays, for the other libraries: PART/ids.npy, numbers.npy, labels.npy, and facts.json. Needs numpy
alone, since each library reads it in an environment of its own.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS: dict[str, Any] = {"ids": np.int32, "numbers": np.float32, "labels": np.float32}
EMBEDDING = 16
EXPERT, TOWER = (256, 128, 64), (64,)
EXPERTS, SPECIFIC, SHARED = 4, 2, 2
"""Of MMoE; of PLE for each task, and those that tasks share."""
RATE = 1e-3


@dataclass(frozen=True)
class Arrays:
    """Memory-mapped: rows [R, columns] of a part, domain after domain."""

    ids: NDArray[np.int32]
    numbers: NDArray[np.float32]
    labels: NDArray[np.float32]

    def columns(self) -> dict[str, NDArray[Any]]:
        """Every feature by its name, in memory and contiguous, as the libraries are given them."""
        named: dict[str, NDArray[Any]] = {
            name: self.ids[:, place] for place, name in enumerate(id_names(self.ids.shape[1]))
        }
        named |= {name: self.numbers[:, place] for place, name in enumerate(number_names(self.numbers.shape[1]))}
        return {name: np.ascontiguousarray(column) for name, column in named.items()}


def id_names(columns: int) -> list[str]:
    """The categorical columns' names, the domain last."""
    return [f"c{place}" for place in range(columns - 1)] + ["domain"]


def number_names(columns: int) -> list[str]:
    """The numbers' names."""
    return [f"n{place}" for place in range(columns)]


def create(folder: Path, part: str, rows: int, widths: dict[str, int]) -> Arrays:
    """Files to be filled."""
    (folder / part).mkdir(parents=True)
    files: dict[str, NDArray[Any]] = {}
    for name, kind in KINDS.items():
        path = folder / part / f"{name}.npy"
        files[name] = np.lib.format.open_memmap(path, "w+", kind, (rows, widths[name]))
    return Arrays(**files)


def open_part(folder: Path, part: str) -> Arrays:
    """A part's rows."""
    return Arrays(**{name: np.load(folder / part / f"{name}.npy", mmap_mode="r") for name in KINDS})


def table_sizes(folder: Path) -> list[int]:
    """Ids of each categorical column."""
    return json.loads((folder / "facts.json").read_text())["sizes"]
