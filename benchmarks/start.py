"""How long `recmtl train-mtl` takes from the command's start to the end of its first training step, beside a process
that only imports torch and reads the same training rows with pyarrow.

The job: a million training rows (and 50,000 each of validation and test) of 27 categories, 13 numbers and two labels
in ten domains; embedding tables of about 1.5 million rows of 16; an MMoE of four experts. Each process is new, and so
is the run; `first` is the first command on a split, whose files nobody has hashed yet.

    OMP_NUM_THREADS=1 python benchmarks/start.py [--folder FOLDER] [--rows 1000000] [--repeats 7]
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LARGE = (300_000, 300_000, 250_000, 200_000, 150_000, 100_000, 80_000, 60_000, 40_000, 20_000)
SMALL = (2, 3, 5, 7, 12, 20, 30, 50, 80, 120, 200, 300, 500, 800, 1_200, 2_000)
CATEGORIES = {f"c{i}": ids for i, ids in enumerate((*LARGE, *SMALL))} | {"domain": 10}
NUMBERS = [f"n{i}" for i in range(13)]
CONFIG = {
    "dataset": {"name": "table", "train": "train.parquet", "valid": "valid.parquet", "test": "test.parquet",
                "tasks": [{"name": "click", "kind": "binary"}, {"name": "buy", "kind": "binary"}],
                "categorical": list(CATEGORIES), "numbers": NUMBERS, "domain": {"column": "domain"}},
    "split": {"name": "files", "min_count": 1},
    "model": {"name": "mmoe", "num_experts": 4, "expert": [256, 128, 64], "tower": [64]},
    "train": {"batch_size": 1024},
}  # fmt: skip
BASELINE = """
import time
from pathlib import Path
import torch
import pyarrow.parquet as pq
tables = [pq.read_table(path) for path in sorted(Path("data/start/train").rglob("*.parquet"))]
assert sum(map(len, tables)) > 0
print(time.monotonic())
"""
"""The clock is the machine's, the same in all processes."""
COMMAND = """
import os, sys, time
from recmtl.cli.terminal import Terminal
def advance(self, rows):
    if rows and self.running.what == "epoch 1":
        os.write(1, str(time.monotonic()).encode())
        os._exit(0)
Terminal.advance = advance
from recmtl.cli.main import main
main(["train-mtl", "--config", "start.json", "--quiet"])
"""
"""The command is told of every step that is done."""


def write(path: Path, rows: int, seed: int) -> None:
    """Made-up rows; all ids are about equally frequent, so that nearly all of them are in the training rows."""
    chance = np.random.default_rng(seed)
    columns = {name: pa.array(chance.integers(0, ids, rows, dtype=np.int32)) for name, ids in CATEGORIES.items()}
    columns |= {name: pa.array(chance.normal(size=rows).astype(np.float32)) for name in NUMBERS}
    columns |= {name: pa.array((chance.random(rows) < share).astype(np.int8))
                for name, share in (("click", 0.1), ("buy", 0.02))}  # fmt: skip
    pq.write_table(pa.table(columns), path)


def make(folder: Path, rows: int) -> None:
    """The split, unless it is there already."""
    if (folder / "data" / "start").is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (part, count) in enumerate({"train": rows, "valid": rows // 20, "test": rows // 20}.items()):
        write(folder / f"{part}.parquet", count, seed)
    (folder / "start.json").write_text(json.dumps(CONFIG))
    split = [sys.executable, "-m", "recmtl", "split-domains", "--config", "start.json", "--quiet"]
    subprocess.run(split, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def seconds(program: str, folder: Path) -> float:
    """From the process's start to the time that it prints."""
    shutil.rmtree(folder / "runs", ignore_errors=True)
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
    if done.returncode or not done.stdout:
        raise SystemExit(done.stderr or "no training step was done")
    return float(done.stdout) - began


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, help="Where the rows and the split are kept for the next time.")
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--repeats", type=int, default=7)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        make(folder, given.rows)
        (folder / ".recmtl" / "hashes.json").unlink(missing_ok=True)
        time.sleep(3)  # a hash is remembered of files that have not changed for two seconds
        seconds(BASELINE, folder)  # the files are in the system's cache from here on
        first = seconds(COMMAND, folder)
        times: dict[str, list[float]] = {BASELINE: [], COMMAND: []}
        for _ in range(given.repeats):  # in turns: what else the machine does falls on both
            for program, its in times.items():
                its.append(seconds(program, folder))
        medians = [statistics.median(its) for its in times.values()]
        for name, median, its in zip(("torch and pyarrow", "first step"), medians, times.values(), strict=True):
            print(f"{name}: {median:.2f} s ({', '.join(f'{value:.2f}' for value in its)})")
        ratio, at_first = medians[1] / medians[0], first / medians[0]
        print(f"{ratio:.2f} times as long; {at_first:.2f} times the first time ({first:.2f} s)")


if __name__ == "__main__":
    main()
