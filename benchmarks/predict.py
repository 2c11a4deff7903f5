"""How fast new rows are scored, and how much memory that takes: made-up rows of nine categories and six numbers, scored
by an MMoE, each form of file at 200,000 rows and at ten times as many.

    OMP_NUM_THREADS=1 python benchmarks/predict.py [--rows 2000000] [--forms csv parquet jsonl]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from recmtl.data.table_form import TableForm
from recmtl.data.table_writers import row_writer

CATEGORIES, NUMBERS = [f"c{i}" for i in range(9)], [f"n{i}" for i in range(6)]
CONFIG = {
    "dataset": {"name": "table", "train": "train.parquet", "tasks": [{"name": "click", "kind": "binary"}],
                "categorical": CATEGORIES, "numbers": NUMBERS},
    "split": "random",
    "model": {"name": "mmoe", "num_experts": 4, "expert": [128, 64], "tower": [32]},
    "train": {"epochs": 1},
}  # fmt: skip
RUN = [sys.executable, "-m", "recmtl"]
PEAK = """
import resource, sys
from recmtl.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def write(path: Path, form: TableForm, rows: int, label: bool = False) -> None:
    """The same rows in any form."""
    chance = np.random.default_rng(0)
    with path.open("wb") as file, row_writer(form, file, path) as writer:
        for start in range(0, rows, 100_000):
            count = min(100_000, rows - start)
            columns = {name: pa.array(chance.integers(0, 5000, count)) for name in CATEGORIES}
            columns |= {name: pa.array(chance.normal(size=count).round(4)) for name in NUMBERS}
            columns |= {"click": pa.array(chance.integers(0, 2, count))} if label else {}
            writer.write(pa.RecordBatch.from_pydict(columns))


def measure(folder: Path, form: TableForm, rows: int) -> tuple[float, int]:
    """Seconds in all, and the peak in MiB."""
    source = folder / f"rows.{form.value}"
    write(source, form, rows)
    began = time.monotonic()
    words = ["predict", "--input", source.name, "--output", "scores.parquet", "--quiet"]
    done = subprocess.run([sys.executable, "-c", PEAK, *words], cwd=folder, check=True, capture_output=True, text=True)
    seconds = time.monotonic() - began
    source.unlink()
    return seconds, int(done.stdout.splitlines()[-1])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--forms", nargs="+", default=["csv", "parquet", "jsonl"])
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "train.parquet", TableForm.PARQUET, 50_000, label=True)
        (folder / "rows.json").write_text(json.dumps(CONFIG))
        for stage in ("split-domains", "train-mtl"):
            subprocess.run(
                [*RUN, stage, "--config", "rows.json", "--quiet"], cwd=folder, check=True, capture_output=True
            )
        for form in map(TableForm, given.forms):
            few, many = given.rows // 10, given.rows
            (short, low), (long, high) = measure(folder, form, few), measure(folder, form, many)
            # the difference leaves out what starting takes
            rate = (many - few) / (long - short)
            print(
                f"{form.value}: {rate:,.0f} rows/s; peak {low} MiB at {few:,} rows, {high} MiB at {many:,}", flush=True
            )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
