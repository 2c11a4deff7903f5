"""The table of the methods, from the results of `run` and `lightgbm_column`.

    python -m benchmarks.zoo.report [RESULTS]

Test AUC over all rows, mean and standard deviation of the seeds, with the setting that validation chose. A star: not
all settings and seeds are there yet.
"""

import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.zoo.methods import DATA, METHODS, SEEDS, SETTINGS, fits
from benchmarks.zoo.run import RESULTS, Run, chosen, results

ALL = "all"
LIGHTGBM = "LightGBM, one model a task"


def main() -> None:
    found = results(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS)
    tasks = {data: _tasks(found, data) for data in DATA}
    heads = [f"{data}: {task}" for data in DATA for task in tasks[data]]
    print("| method | " + " | ".join(heads) + " |")
    print("|---" * (1 + len(heads)) + "|")
    for method in [*METHODS, LIGHTGBM]:
        print(f"| {method} | " + " | ".join(_cells(found, method, tasks)) + " |")


def _tasks(found: dict[Run, dict[str, Any]], data: str) -> list[str]:
    return next((list(line["test"]) for run, line in found.items() if run.data == data and "test" in line), [])


def _cells(found: dict[Run, dict[str, Any]], method: str, tasks: dict[str, list[str]]) -> list[str]:
    return [_cell(found, data, method, task) for data in DATA for task in tasks[data]]


def _cell(found: dict[Run, dict[str, Any]], data: str, method: str, task: str) -> str:
    if method in METHODS and not fits(method, data):
        return ""
    setting = chosen(found, data, method) if method in METHODS else next(iter(SETTINGS))
    of_seed = [found.get(Run(data, method, setting or next(iter(SETTINGS)), seed)) for seed in SEEDS]
    scores = [line["test"][task][ALL] for line in of_seed if line is not None and "test" in line]
    if not scores:
        return "failed" if any(line is not None for line in of_seed) else ""
    whole = len(scores) == len(SEEDS) and (method not in METHODS or setting is not None)
    spread = (
        f" ± {statistics.stdev(scores):.4f}"[0:3] + f"{statistics.stdev(scores):.4f}"[1:] if len(scores) > 1 else ""
    )
    return f"{statistics.mean(scores):.4f}"[1:] + spread + ("" if whole else " *")


if __name__ == "__main__":
    main()
