"""A training that is killed at random steps, again and again, ends in the bytes of one that ran through.

Each attempt is a fork of this process, which has torch loaded already: a start from nothing would take longer than the
training itself.
"""

import os
import random
import shutil
import signal
import sys
from pathlib import Path

import pytest

from recmtl.artifacts.progress import Silent
from recmtl.errors import RecmtlError
from recmtl.pipelines.prune_single import PruneSingle
from recmtl.pipelines.selection import Asked
from recmtl.pipelines.stage import Stage, execute
from recmtl.pipelines.train_mtl import TrainMtl
from recmtl.pipelines.workspace import Workspace
from recmtl.training import loop

SETTINGS = ("train.epochs=3", "train.patience=9", "train.batch_size=128")
KILLS = 20


class Killer(Silent):
    """Sends this process a signal at its `at`-th step of training."""

    def __init__(self, at: int | None, number: signal.Signals) -> None:
        self.left, self.number, self.training = at, number, False

    def begin(self, what: str, rows: int) -> None:
        self.training = what.startswith("epoch")

    def advance(self, rows: int) -> None:
        if self.left is not None and rows and self.training:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), self.number)


def train_mtl(stream: bool) -> Stage:
    return TrainMtl(Asked(config="sample.json", settings=SETTINGS, stream=stream))


def prune_click(stream: bool) -> Stage:
    return PruneSingle(
        Asked(config="sample.json", settings=SETTINGS, stream=stream, run="pruned"), "click", iterations=2
    )


def attempt(make, workspace: Path, stream: bool, at: int | None = None, number=signal.SIGKILL) -> int:
    """Run the stage in a process of its own, to the end or to its `at`-th step; its exit code, or minus the signal."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        os.chdir(workspace)
        loop.CHECKPOINT_SECONDS = 0  # after every step
        execute(make(stream), Workspace(Path()), Killer(at, number))
        code = 0
    except RecmtlError as error:
        code = error.exit_code
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        code = 1
    os._exit(code)


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "manifest.json"}


@pytest.mark.parametrize(
    ("make", "folder", "steps"),
    [(train_mtl, "runs/sample/model", 99), (prune_click, "runs/pruned/tickets/click", 297)],
    ids=["train-mtl", "prune-single"],
)
def test_twenty_kills_at_random_steps_from_memory_and_from_disk(make, folder, steps, workspace, tmp_path):
    other = Path(shutil.copytree(workspace, tmp_path / "unbroken"))
    assert attempt(make, other, stream=False) == 0
    chance = random.Random(7)
    ends = [
        attempt(make, workspace, stream=bool(kill % 2), at=chance.randint(1, 2 * steps // KILLS - 4))
        for kill in range(KILLS)
    ]
    assert ends == [-signal.SIGKILL] * KILLS
    assert attempt(make, workspace, stream=True) == 0
    assert content(workspace / folder) == content(other / folder)
    assert not [path for path in (workspace / folder).parent.iterdir() if path.name.startswith(".recmtl")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_stage_at_that_very_step(number, workspace, tmp_path):
    from recmtl.artifacts import tensors

    other = Path(shutil.copytree(workspace, tmp_path / "unbroken"))
    assert attempt(train_mtl, other, stream=False) == 0
    assert attempt(train_mtl, workspace, stream=False, at=50, number=number) == 128 + number
    left = tensors.load(workspace / "runs/sample/.model.partial/.training.pt")
    assert (left["epoch"], left["step"]) == (1, 17)  # an epoch has 33 steps
    assert attempt(train_mtl, workspace, stream=True) == 0
    assert content(workspace / "runs/sample/model") == content(other / "runs/sample/model")
