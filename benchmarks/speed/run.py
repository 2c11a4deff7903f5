"""Training and prediction of recmtl beside other libraries, in turns; every measurement is a process of its own.

    python -m benchmarks.speed.work WORK
    python -m benchmarks.speed.env PEERS
    python -m benchmarks.speed.run --work WORK --peers PEERS --out results.jsonl [--set quick|speed|epoch]
    python -m benchmarks.speed.report results.jsonl

A round measures every system in every cell once; each round begins with another system. Before a measurement it waits
until other processes leave the processors alone, a minute at most. A line of JSON is added to the results at once, and
what is there already is not measured again: the same command goes on after a stop.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.speed.cells import SETS, SYSTEMS, Cell, is_of
from benchmarks.speed.measure import MODELS
from benchmarks.speed.processes import usage

QUIET_CORES, QUIET_SECONDS, WAIT_SECONDS = 0.15, 3, 60
LIMIT_SECONDS = {"speed": 300, "epoch": 1800}
ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder that work.py made")
    parser.add_argument("--peers", type=Path, required=True, help="the folder that env.py made")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", choices=SETS, default="speed", help="quick: MMoE alone; epoch: AUC after one epoch")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), metavar="SYSTEM",
                        help=", ".join(SYSTEMS))  # fmt: skip
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--seconds", type=float, default=12, help="of steps in one measurement")
    parser.add_argument("--warm-up", type=float, default=3)
    parser.add_argument("--only-quiet-counts", action="store_true", help="measure again what was disturbed")
    asked = parser.parse_args()
    for place, (system, cell) in enumerate(planned(asked), 1):
        line = measured(system, cell, asked)
        with asked.out.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(f"{place}: {system} {cell.model} {cell.batch} x{cell.threads}: {_summary(line)}", flush=True)


def planned(asked: argparse.Namespace) -> Iterator[tuple[str, Cell]]:
    """What is still to be measured, in order."""
    for turn in range(asked.repeats):
        for cell in SETS[asked.set]:
            if cell.model not in asked.models or (cell.once and turn):
                continue
            first = turn % len(asked.only)
            for system in [*asked.only[first:], *asked.only[:first]]:
                if _fits(system, cell) and _done(system, cell, asked) <= turn:
                    yield system, cell


def _fits(system: str, cell: Cell) -> bool:
    runner = SYSTEMS[system]
    return cell.model in runner.models and (runner.trains or not cell.epoch)


def _done(system: str, cell: Cell, asked: argparse.Namespace) -> int:
    """Measurements that are there."""
    lines = map(json.loads, asked.out.read_text().splitlines()) if asked.out.exists() else ()
    return sum(
        "error" not in line and is_of(line, system, cell) and (quiet(line) or not asked.only_quiet_counts)
        for line in lines
    )


def quiet(line: dict[str, Any]) -> bool:
    """Whether other processes left the processors alone."""
    return bool(line.get("foreign_cores", 0) <= QUIET_CORES)


def measured(system: str, cell: Cell, asked: argparse.Namespace) -> dict[str, Any]:
    """A line of results; one with `error` if the script failed."""
    runner, waited = SYSTEMS[system], wait_for_quiet()
    words = [runner.python(asked.peers, sys.executable), "-m", f"benchmarks.speed.{runner.module}",
             "--model", cell.model, "--batch", str(cell.batch), "--threads", str(cell.threads),
             "--precision", runner.precision]  # fmt: skip
    if runner.trains:
        words += ["--data", str(asked.work), "--seconds", str(asked.seconds), "--warm-up", str(asked.warm_up)]
        words += ["--epoch"] if cell.epoch else []
    mode = "epoch" if cell.epoch else "speed"
    surroundings = {**os.environ, "OMP_NUM_THREADS": str(cell.threads), "PYTHONPATH": str(ROOT),
                    "TF_CPP_MIN_LOG_LEVEL": "2"}  # fmt: skip
    failed = {"system": runner.module, "precision": runner.precision, "model": cell.model, "batch": cell.batch,
              "threads": cell.threads, "mode": mode}  # fmt: skip
    try:
        done = subprocess.run(
            words, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=LIMIT_SECONDS[mode]
        )
    except subprocess.TimeoutExpired:
        return {**failed, "error": f"stopped after {LIMIT_SECONDS[mode]} s"}
    if done.returncode or not done.stdout.strip():
        return {**failed, "error": done.stderr.strip().rpartition("\n")[2] or f"exit {done.returncode}"}
    return {**json.loads(done.stdout.splitlines()[-1]), **waited}


def wait_for_quiet() -> dict[str, Any]:
    """Until the processors were left alone for some seconds, or for as long as is waited: which of the two."""
    began, calm = time.monotonic(), 0
    while calm < QUIET_SECONDS and time.monotonic() - began < WAIT_SECONDS:
        before = usage()
        time.sleep(1)
        own, foreign = usage().cores_since(before)
        calm = calm + 1 if own + foreign < QUIET_CORES else 0
    return {"waited_s": round(time.monotonic() - began), "quiet_before": calm >= QUIET_SECONDS}


def _summary(line: dict[str, Any]) -> str:
    if "error" in line:
        return str(line["error"])
    if "gflops" in line:
        return f"{line['gflops']} GFLOP/s, others {line['foreign_cores']} cores"
    more = f"AUC {line['auc']}" if "auc" in line else f"others {line['foreign_cores']} cores"
    return f"{line['train_rows_s']:,} rows/s, predict {line['predict_rows_s']:,}, {line['peak_mib']:,} MiB, {more}"


if __name__ == "__main__":
    main()
