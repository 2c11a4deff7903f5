"""What a training step costs as rows and ids grow: made-up rows of 26 categories, a domain and 13 numbers, in memory or
read from disk meanwhile, learnt by a small shared bottom and by an MMoE.

    OMP_NUM_THREADS=1 python benchmarks/scale.py [--rows 100000 1000000 10000000] [--steps 1500] [--repeats 1]

100,000,000 rows take 8 GB below --folder, and are streamed: add `--rows 100000000 --stream`. Every measurement has a
process of its own. Its steps follow one another through as many epochs as it takes; the times of a step are means, and
include waiting for its rows; validation is left out.
"""

import argparse
import multiprocessing
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from rows import VALUES, schema, write_split

from recmtl.artifacts.progress import Silent
from recmtl.data.loader import load_part
from recmtl.data.schema_file import load_schema
from recmtl.data.streamed import RowsOnDisk
from recmtl.models.mmoe import MMoEConfig
from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train

MODELS = {
    "shared_bottom": SharedBottomConfig(bottom=(64, 32), tower=(16,)),
    "mmoe": MMoEConfig(num_experts=4, expert=(256, 128, 64), tower=(64,)),
}
ROWS = 1024
"""Of a step."""
WARM_UP = 50
"""Steps that are not timed."""
BOTH_WAYS = 1_000_000
"""Rows that are measured streamed as well, and with ten times the ids."""


@dataclass(frozen=True)
class Case:
    """What is measured."""

    model: str
    split: Path
    streamed: bool
    threads: int
    steps: int


@dataclass(frozen=True)
class Measured:
    """A training's start and its steps."""

    load_s: float
    step_ms: float
    cpu_ms: float
    """Of all threads; a busy neighbour moves it less."""
    longest_ms: float
    peak_mib: int

    def __str__(self) -> str:
        return (
            f"{self.step_ms:.2f} ms a step (processor {self.cpu_ms:.2f}, longest {self.longest_ms:.0f}), "
            f"{1e3 * self.step_ms / ROWS:.1f} µs a row, loaded in {self.load_s:.2f} s, peak {self.peak_mib} MiB"
        )


class _Enough(Exception):
    pass


class _Clock(Silent):
    """Takes the time of each training step."""

    def __init__(self, steps: int) -> None:
        self.steps, self.wall, self.cpu, self.training = steps, list[float](), list[float](), False

    def begin(self, what: str, size: int, /) -> None:
        self.training = what.startswith("epoch")
        self.last = time.perf_counter(), time.process_time()

    def advance(self, size: int, /) -> None:
        now = time.perf_counter(), time.process_time()
        if self.training and size:
            self.wall.append(now[0] - self.last[0])
            self.cpu.append(now[1] - self.last[1])
        self.last = now
        if len(self.wall) == self.steps + WARM_UP:
            raise _Enough


def measure(case: Case) -> Measured:
    """In this process."""
    torch.set_num_threads(case.threads)
    made, clock = load_schema(case.split), _Clock(case.steps)
    began = time.perf_counter()
    rows = RowsOnDisk(case.split, made, "train") if case.streamed else load_part(case.split, made, "train")
    load_s = time.perf_counter() - began
    config = TrainConfig(epochs=10**6, patience=10**6, batch_size=ROWS)
    with suppress(_Enough):
        train(Model(MODELS[case.model], made, 0), rows, load_part(case.split, made, "valid"), config, [0, 1], clock)
    wall, cpu = (1e3 * statistics.fmean(times[WARM_UP:]) for times in (clock.wall, clock.cpu))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Measured(load_s, wall, cpu, 1e3 * max(clock.wall[WARM_UP:]), peak)


def cases(folder: Path, given: argparse.Namespace, process: Executor) -> Iterator[tuple[str, list[Case]]]:
    """Each size's measurements; its rows are removed afterwards."""
    for rows in given.rows:
        for values in (VALUES, 10 * VALUES) if rows == BOTH_WAYS else (VALUES,):
            split = folder / f"{rows}-{values}"
            # not here: the peak that a process is told begins with its parent's memory
            process.submit(write_split, split, schema(values=values), rows).result()
            ways = [False, True] if rows == BOTH_WAYS else [given.stream]
            found = [Case(model, split, way, given.threads, given.steps) for model in given.models for way in ways]
            yield f"{rows:,} rows, {values:,} ids", found
            shutil.rmtree(split)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, nargs="+", default=[10**5, 10**6, 10**7])
    arguments.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    arguments.add_argument("--stream", action="store_true", help="rows stay on disk")
    arguments.add_argument("--steps", type=int, default=1500)
    arguments.add_argument("--repeats", type=int, default=1, help="the one with the median step is told")
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--folder", type=Path, help="where the rows are written, and removed from")
    given = arguments.parse_args()
    fresh = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(dir=given.folder) as name,
        ProcessPoolExecutor(1, fresh, max_tasks_per_child=1) as process,
    ):
        for what, found in cases(Path(name), given, process):
            # the cases take turns, so that a busy neighbour meets all of them
            rounds = [list(process.map(measure, found)) for _ in range(given.repeats)]
            for case, times in zip(found, zip(*rounds, strict=True), strict=True):
                one = sorted(times, key=lambda measured: measured.step_ms)[len(times) // 2]
                print(f"{case.model}, {what}, {'streamed' if case.streamed else 'in memory'}: {one}", flush=True)


if __name__ == "__main__":
    main()
