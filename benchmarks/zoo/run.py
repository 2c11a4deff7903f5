"""Every sharing method on three data sets: settings chosen on validation, three seeds.

    python -m benchmarks.zoo.run --raw adult=FOLDER census=FOLDER movielens=ml-1m.zip [--processes 2]
    python -m benchmarks.zoo.report

First all methods with the first setting and seed, then the other settings, then the other seeds with the setting that
was best on validation. A line of JSON is added for each finished run, and what is there is not run again: the same
command goes on after a stop. Some minutes a run on one core.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.zoo.methods import DATA, METHODS, SEEDS, SETTINGS, fits
from recmtl.recipe import read_recipe

RESULTS = Path(__file__).with_name("results.jsonl")


@dataclass(frozen=True, order=True)
class Run:
    """One training."""

    data: str
    method: str
    setting: str
    seed: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", nargs="+", required=True, metavar="DATA=PATH", help="as `recmtl download --from`")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--workspace", type=Path, default=Path("benchmark"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--hours", type=float, default=float("inf"), help="after which no run is begun")
    asked = parser.parse_args()
    raw = dict(word.split("=", 1) for word in asked.raw)
    for data, path in raw.items():
        prepare(data, path, asked.workspace)
    deadline = time.monotonic() + 3600 * asked.hours
    running: dict[Future[dict[str, Any]], Run] = {}
    with ThreadPoolExecutor(asked.processes) as threads:
        while True:
            free = asked.processes - len(running)
            for run in list(left(list(raw), asked.methods, asked.out, set(running.values())))[:free]:
                if time.monotonic() < deadline:
                    running[threads.submit(trained, run, asked.workspace)] = run
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                run = running.pop(future)
                with asked.out.open("a") as file:
                    file.write(json.dumps({**asdict(run), **future.result()}) + "\n")
                print(f"{run.data}, {run.method}, {run.setting}, seed {run.seed}: {future.result()}", flush=True)


def left(data: list[str], methods: list[str], out: Path, running: set[Run]) -> Iterator[Run]:
    """What is still to be run, in order."""
    found = results(out)
    pairs = [(name, method) for name in data for method in methods if fits(method, name)]
    first, *others = SETTINGS
    planned = [Run(*pair, first, SEEDS[0]) for pair in pairs]
    planned += [Run(*pair, setting, SEEDS[0]) for pair in pairs for setting in others]
    yield from (run for run in planned if run not in found and run not in running)
    for pair in pairs:
        if (setting := chosen(found, *pair)) is not None:
            seeds = [Run(*pair, setting, seed) for seed in SEEDS[1:]]
            yield from (run for run in seeds if run not in found and run not in running)


def chosen(found: dict[Run, dict[str, Any]], data: str, method: str) -> str | None:
    """The setting with the best mean validation score; None before all were tried."""
    runs = {setting: found.get(Run(data, method, setting, SEEDS[0])) for setting in SETTINGS}
    scores = {
        setting: sum(line["validation"].values()) if "validation" in line else 0.0
        for setting, line in runs.items()
        if line is not None
    }
    return max(scores, key=scores.__getitem__) if len(scores) == len(SETTINGS) else None


def results(path: Path) -> dict[Run, dict[str, Any]]:
    """Every finished run."""
    lines = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
    return {Run(*(line.pop(key) for key in ("data", "method", "setting", "seed"))): line for line in lines}


def prepare(data: str, raw: str, workspace: Path) -> None:
    """Download and split, once."""
    preset = DATA[data].preset
    name = read_recipe(preset).document["dataset"]["name"]
    recmtl("download", name, "--from", raw, workspace=workspace)
    recmtl("split-domains", "--config", preset, workspace=workspace)


def trained(run: Run, workspace: Path) -> dict[str, Any]:
    """Train and score; the run's folder is removed afterwards."""
    preset = DATA[run.data].preset
    recipe = read_recipe(preset).document
    section = {**METHODS[run.method], "dropout": recipe["model"]["dropout"]}
    rate = recipe["train"]["optimizer"]["learning_rate"] / 3
    settings = [f"model={json.dumps(section)}", *(setting.format(rate=rate) for setting in SETTINGS[run.setting])]
    name = f"zoo-{run.data}-{run.method}-{run.setting}-{run.seed}".replace(" ", "_").replace(",", "")
    words = ["--config", preset, "--run", name, "--seed", str(run.seed)]
    began = time.monotonic()
    try:
        found = recmtl("train-mtl", *words, *(w for s in settings for w in ("--set", s)), workspace=workspace)
        scored = recmtl("evaluate", "--run", name, workspace=workspace)
    except RuntimeError as error:
        return {"error": str(error)}
    finally:
        shutil.rmtree(workspace / "runs" / name, ignore_errors=True)
    test: dict[str, dict[str, float]] = {}
    for cell in scored["cells"]:
        test.setdefault(cell["task"], {})[cell["domain"]] = round(cell["auc"], 5)
    validation = {task: round(skill, 5) for task, skill in found["validation"].items()}
    return {"validation": validation, "test": test, "best_epoch": found["best_epoch"], "epochs": found["epochs"],
            "seconds": round(time.monotonic() - began)}  # fmt: skip


def recmtl(*words: str, workspace: Path) -> dict[str, Any]:
    """Run one command on one core; its JSON document."""
    command = [sys.executable, "-m", "recmtl", *words, "--workspace", str(workspace), "--json", "--quiet"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    document: dict[str, Any] = json.loads(done.stdout)
    if done.returncode:
        raise RuntimeError(f"{document['message']} {document['hint'] or ''}".strip())
    return document


if __name__ == "__main__":
    main()
