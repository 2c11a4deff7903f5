"""Adult, MMoE, several seeds: selection on validation, then the test AUC of each task.

    python benchmarks/adult.py --raw FOLDER --seeds 3

FOLDER holds adult.data and adult.test. Runs the command line in a workspace that is kept (--workspace), so that it
goes on after a stop.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

TASKS = ("income", "never_married")
TARGETS = {"income": 0.927, "never_married": 0.963}


def recmtl(*words: str, workspace: Path) -> dict[str, Any]:
    """Run one command; its JSON document."""
    command = [sys.executable, "-m", "recmtl", *words, "--workspace", str(workspace), "--json", "--quiet"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Split once, train and score once a seed, print each seed and the mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workspace", type=Path, default=Path("adult-benchmark"))
    parser.add_argument("--config", default="adult.json")
    asked = parser.parse_args()
    recmtl("download", "adult", "--from", str(asked.raw), workspace=asked.workspace)
    recmtl("split-domains", "--config", asked.config, workspace=asked.workspace)
    found: dict[str, list[float]] = {task: [] for task in TASKS}
    for seed in range(asked.seeds):
        run = f"seed{seed}"
        trained = recmtl(
            "train-mtl", "--config", asked.config, "--run", run, "--seed", str(seed), workspace=asked.workspace
        )
        scored = recmtl("evaluate", "--run", run, workspace=asked.workspace)
        auc = {c["task"]: c["auc"] for c in scored["cells"] if c["domain"] == "all"}
        for task in TASKS:
            found[task].append(auc[task])
        print(
            f"seed {seed}: best epoch {trained['best_epoch']}, validation "
            + " / ".join(f"{trained['validation'][task]:.4f}" for task in TASKS)
            + ", test "
            + " / ".join(f"{auc[task]:.4f}" for task in TASKS),
            flush=True,
        )
    for task in TASKS:
        print(f"{task}: mean test AUC {statistics.mean(found[task]):.4f} (target {TARGETS[task]})")


if __name__ == "__main__":
    main()
