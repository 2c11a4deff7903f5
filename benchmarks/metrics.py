"""How fast the ranking metrics of many groups are, beside a loop over scikit-learn's `roc_auc_score`; and how long all
of a scorecard's metrics take on the same rows.

The job: ten million made-up predictions (float32), ten domains, 400,000 users. AUC within each domain, and GAUC over
the users. scikit-learn's loop over the domains is run whole; over the users it is timed on some of them, which are
compared as well, and scaled to all. Both sides begin with the same arrays, and the loop finds a group's rows in the
order of a sort that is not counted.

    OMP_NUM_THREADS=1 python benchmarks/metrics.py [--rows 10000000] [--users 400000] [--sample 4000] [--repeats 5]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from recmtl.metrics.auc import auc_by_group
from recmtl.metrics.gauc import gauc
from recmtl.metrics.predictions import TaskPredictions
from recmtl.metrics.scorecard import cells

DOMAINS = 10


def make(rows: int, users: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """label, prediction, domain, user: scores that tell a little, some of them alike, as a model's are."""
    chance = np.random.default_rng(0)
    prediction = chance.beta(2, 6, rows).astype(np.float32)
    label = (chance.random(rows) < prediction).astype(np.float32)
    return label, prediction, chance.integers(0, DOMAINS, rows), chance.integers(0, users, rows)


def rows_of(group: np.ndarray) -> list[np.ndarray]:
    """The rows of each group."""
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def by_loop(label: np.ndarray, prediction: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """AUC of each group, NaN where it has one class."""
    areas = np.full(len(groups), np.nan)
    for i, rows in enumerate(groups):
        its = label[rows]
        if its.min() < its.max():
            areas[i] = roc_auc_score(its, prediction[rows])
    return areas


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what comes out."""
    began = time.perf_counter()
    found = function()
    return time.perf_counter() - began, found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 10_000_000), ("users", 400_000), ("sample", 4_000), ("repeats", 5)):
        arguments.add_argument(f"--{name}", type=int, default=default)
    given = arguments.parse_args()
    label, prediction, domain, user = make(given.rows, given.users)
    in_domains, some_users = rows_of(domain), rows_of(user)[: given.sample]
    some = np.sort(np.concatenate(some_users))
    jobs: dict[str, Callable[[], Any]] = {
        "domains, ours": lambda: auc_by_group(label, prediction, domain).auc,
        "domains, loop": lambda: by_loop(label, prediction, in_domains),
        "users, ours": lambda: gauc(label, prediction, user),
        "users, loop": lambda: by_loop(label, prediction, some_users),
        "scorecard": lambda: cells(
            [TaskPredictions("click", "binary", label, prediction)], domain, [str(i) for i in range(DOMAINS)], user
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in jobs}
    found: dict[str, Any] = {}
    for _ in range(given.repeats):  # in turns: what else the machine does falls on all
        for name, job in jobs.items():
            seconds, found[name] = timed(job)
            times[name].append(seconds)
    np.testing.assert_allclose(found["domains, ours"], found["domains, loop"], rtol=0, atol=1e-9)
    ours = auc_by_group(label[some], prediction[some], user[some]).auc
    np.testing.assert_allclose(ours, found["users, loop"], rtol=0, atol=1e-9)
    scale = len(np.unique(user)) / len(some_users)
    medians = {name: statistics.median(its) for name, its in times.items()}
    for name, its in times.items():
        print(f"{name}: {medians[name]:.2f} s ({', '.join(f'{value:.2f}' for value in its)})")
    users_loop = medians["users, loop"] * scale
    print(f"{medians['domains, loop'] / medians['domains, ours']:.2f} times as fast as the loop over the domains")
    print(f"{users_loop / medians['users, ours']:.0f} times as fast as the loop over the users: {len(some_users):,} of "
          f"them scaled to all, {users_loop:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main()
