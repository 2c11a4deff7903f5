"""What each part of a training step's speed is worth: MMoE on the work of work.py, with one part at a time left out or
put in the place of another, in turns; every measurement is a process of its own.

    python -m benchmarks.speed.tricks --work WORK [--threads 2] [--batch 1024] [--repeats 5]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from unittest.mock import patch

import torch

from benchmarks.speed.clock import Clock, MeasuredError
from benchmarks.speed.measure import Asked
from benchmarks.speed.ours import StepProgress, experiment_of
from recmtl.cli.memory import keep_pages
from recmtl.nn import products
from recmtl.training import optimizers
from recmtl.training.loop import train

DENSE = {"name": "adam", "dense_up_to": 10**12}


Change = Callable[[], AbstractContextManager[object]]
GIVEN_BACK = "freed memory given back"
VARIANTS: dict[str, tuple[dict[str, object], dict[str, str], Change]] = {
    "as it is": ({}, {}, nullcontext),
    "products by MKL alone": ({}, {}, lambda: patch.object(products, "_onednn_is_faster", lambda: False)),
    "gradients' rows summed by torch's coalesce": (
        {}, {}, lambda: patch.object(optimizers, "summed_by_row", torch.Tensor.coalesce)
    ),
    "tables: torch's SparseAdam": (
        {}, {}, lambda: patch.object(optimizers, "LazyAdam", torch.optim.SparseAdam)
    ),
    "tables: row-wise Adagrad": ({"table_optimizer": "rowwise_adagrad"}, {}, nullcontext),
    "tables: dense Adam over all rows": ({"table_optimizer": DENSE}, {}, nullcontext),
    GIVEN_BACK: ({}, {}, nullcontext),
    "small pages": ({}, {"THP_MEM_ALLOC_ENABLE": "0"}, nullcontext),
    "torch.compile": ({"compile": True}, {}, nullcontext),
    "bfloat16": ({"precision": "bf16"}, {}, nullcontext),
    "bfloat16, torch.compile": ({"precision": "bf16", "compile": True}, {}, nullcontext),
}  # fmt: skip


def measured(asked: argparse.Namespace) -> float:
    """Rows a second, in this process."""
    settings, _, change = VARIANTS[asked.variant]
    if asked.variant != GIVEN_BACK:
        keep_pages()
    torch.set_num_threads(asked.threads)
    words = Asked(asked.work, "mmoe", asked.batch, asked.threads, asked.seconds, asked.warm_up, 0, 0, False, "f32")
    experiment, clock = experiment_of(words, settings), Clock(asked.seconds, asked.warm_up)
    rows = experiment.rows("train"), experiment.rows("valid")
    with suppress(MeasuredError), change():
        train(experiment.build(), *rows, experiment.train, (0, 1), StepProgress(clock))
    return float(str(clock.found()["train_rows_s"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--warm-up", type=float, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.variant:
        print(json.dumps(measured(asked)))
        return
    rates: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for turn in range(asked.repeats):
        for variant, (_, surroundings, _) in VARIANTS.items():
            words = [sys.executable, "-m", "benchmarks.speed.tricks", *sys.argv[1:], "--variant", variant]
            environment = {**os.environ, "OMP_NUM_THREADS": str(asked.threads),
                           "THP_MEM_ALLOC_ENABLE": "1", **surroundings}  # fmt: skip
            done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            rates[variant].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{turn}: {variant}: {rates[variant][-1]:,.0f} rows/s", flush=True)
    usual = statistics.median(rates["as it is"])
    for variant, found in rates.items():
        middle = statistics.median(found)
        print(f"| {variant} | {middle:,.0f} ({min(found):,.0f}-{max(found):,.0f}) | {middle / usual:.2f} |")


if __name__ == "__main__":
    main()
