"""What every system's script does with its system: train under the clock, predict, print one JSON line.

Needs numpy alone beside the standard library, since each library has an environment of its own.
"""

import argparse
import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.arrays import Arrays, open_part
from benchmarks.speed.clock import Clock, MeasuredError
from benchmarks.speed.processes import machine, peak_mib, usage

MODELS = ("mmoe", "ple", "shared_bottom", "esmm")
Predictions = NDArray[np.float32]


@dataclass(frozen=True)
class Asked:
    """What is measured."""

    data: Path
    """The folder that work.py made."""
    model: str
    batch: int
    threads: int
    seconds: float
    warm_up: float
    predict_batch: int
    predict_rows: int
    epoch: bool
    precision: str

    def part(self, name: str) -> Arrays:
        """Rows as arrays."""
        return open_part(self.data / "arrays", name)

    def test(self) -> Arrays:
        """The rows to predict."""
        found, end = self.part("test"), None if self.epoch else self.predict_rows
        return Arrays(found.ids[:end], found.numbers[:end], found.labels[:end])


class System(ABC):
    """A model in one library, ready to be trained on the rows that were asked for."""

    @abstractmethod
    def fit(self, clock: Clock) -> None:
        """Train one epoch, or until the clock has measured enough, as the library's documentation does; tell the clock
        of every step.
        """

    @abstractmethod
    def predict(self) -> Predictions:
        """Predictions [R, 2] of click and of conversion for the test rows, by the library's own means."""


def main(name: str, packages: tuple[str, ...], build: Callable[[Asked], System], note: str = "") -> None:
    """Measure, and print the line. All else that is printed goes to the standard error."""
    asked = _arguments()
    with redirect_stdout(sys.stderr):
        line = _measured(build, asked)
    facts = {key: value for key, value in asdict(asked).items() if key not in ("data", "epoch")}
    versions = {package: version(package) for package in packages}
    print(json.dumps({"system": name, **facts, "mode": "epoch" if asked.epoch else "speed", **line,
                      "versions": versions, "note": note, **machine()}))  # fmt: skip
    sys.stdout.flush()
    os._exit(0)  # some libraries' workers are not to be waited for


def _measured(build: Callable[[Asked], System], asked: Asked) -> dict[str, Any]:
    began = time.monotonic()
    system, clock = build(asked), Clock(0 if asked.epoch else asked.seconds, asked.warm_up)
    ready = time.monotonic() - began
    with suppress(MeasuredError):
        system.fit(clock)
    found = clock.found()
    if not asked.epoch:
        system.predict()  # the first one compiles and touches memory
    before = usage()
    predictions_BT = system.predict()
    after = usage()
    labels_BT = asked.test().labels
    if predictions_BT.shape != labels_BT.shape:
        raise SystemExit(f"predictions of shape {predictions_BT.shape} for labels of {labels_BT.shape}")
    found |= {"predict_rows_s": round(len(labels_BT) / (after.wall - before.wall)),
              "predict_foreign_cores": round(after.cores_since(before)[1], 2),
              "ready_s": round(ready, 1), "peak_mib": peak_mib()[0], "children_mib": clock.children_mib}  # fmt: skip
    if asked.epoch:
        found["auc"] = [round(auc(labels_BT[:, t], predictions_BT[:, t]), 5) for t in range(labels_BT.shape[1])]
    return found


def auc(label_B: NDArray[Any], score_B: NDArray[Any]) -> float:
    """The area under the ROC curve; ties count half."""
    _, place_B, count_U = np.unique(score_B, return_inverse=True, return_counts=True)
    rank_B = (np.cumsum(count_U) - (count_U - 1) / 2)[place_B.ravel()]
    positive_B = label_B > 0
    positives = int(positive_B.sum())
    negatives = len(label_B) - positives
    return float((rank_B[positive_B].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _arguments() -> Asked:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="the folder that work.py made")
    parser.add_argument("--model", choices=MODELS, default="mmoe")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=12, help="of the three windows together")
    parser.add_argument("--warm-up", type=float, default=3, help="seconds before the first window")
    parser.add_argument("--predict-batch", type=int, default=8192)
    parser.add_argument("--predict-rows", type=int, default=100_000)
    parser.add_argument("--epoch", action="store_true", help="one whole epoch, then the AUC on all test rows")
    parser.add_argument("--precision", default="f32", help="of recmtl")
    return Asked(**vars(parser.parse_args()))
