"""A config, several seeds: selection on validation, then the test AUC of each task on each domain.

    python benchmarks/seeds.py --config adult.json --raw FOLDER --seeds 3

FOLDER holds the data set's files. Runs the command line in a workspace that is kept (--workspace), so that it goes on
after a stop.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recmtl.recipe import read_recipe

Cells = Mapping[tuple[str, str], float]
"""(task, domain) -> AUC."""


def recmtl(*words: str, workspace: Path) -> dict[str, Any]:
    """Run one command; its JSON document."""
    command = [sys.executable, "-m", "recmtl", *words, "--workspace", str(workspace), "--json", "--quiet"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    document = json.loads(done.stdout)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: {document['message']} {document['hint'] or ''}")
    return document


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="a config file or preset")
    parser.add_argument("--raw", required=True, help="what `recmtl download --from` is given")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="handed to train-mtl")
    parser.add_argument("--workspace", type=Path, default=Path("benchmark"))
    parser.add_argument("--run", default="seed", help="the runs' names begin so")
    return parser.parse_args()


def one_seed(asked: argparse.Namespace, seed: int) -> Cells:
    """Train and score."""
    run, settings = f"{asked.run}{seed}", [word for setting in asked.set for word in ("--set", setting)]
    words = ["--config", asked.config, "--run", run, "--seed", str(seed), *settings]
    trained = recmtl("train-mtl", *words, workspace=asked.workspace)
    scored = recmtl("evaluate", "--run", run, workspace=asked.workspace)
    cells = {(cell["task"], cell["domain"]): cell["auc"] for cell in scored["cells"]}
    print(
        f"seed {seed}: best epoch {trained['best_epoch']} of {trained['epochs']}, validation "
        + " / ".join(f"{skill:.4f}" for skill in trained["validation"].values())
        + ", test "
        + " / ".join(f"{auc:.4f}" for (_, domain), auc in cells.items() if domain == "all"),
        flush=True,
    )
    return cells


def main() -> None:
    """Split once, train and score once a seed, print each seed and the means."""
    asked = arguments()
    dataset = read_recipe(asked.config).document["dataset"]["name"]
    recmtl("download", dataset, "--from", asked.raw, workspace=asked.workspace)
    recmtl("split-domains", "--config", asked.config, workspace=asked.workspace)
    found = [one_seed(asked, seed) for seed in range(asked.seeds)]
    for cell in found[0]:
        aucs = [cells[cell] for cells in found]
        print(f"{cell[0]:<15} {cell[1]:<15} {statistics.mean(aucs):.4f}  ({' '.join(f'{auc:.4f}' for auc in aucs)})")


if __name__ == "__main__":
    main()
