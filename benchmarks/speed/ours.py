"""recmtl: the run that `recmtl train-mtl` would start on the split of work.py, its own loader and loop, and the
predictions as its stages make them.
"""

import json
from collections.abc import Mapping
from functools import cached_property

import numpy as np
import torch

from benchmarks.speed.clock import Clock
from benchmarks.speed.measure import Asked, Predictions, System, main
from benchmarks.speed.work import DATA
from recmtl.cli.memory import keep_pages
from recmtl.data.rows import Rows, RowsInMemory
from recmtl.pipelines.experiment import Experiment, open_experiment
from recmtl.pipelines.selection import Selection
from recmtl.pipelines.workspace import Workspace
from recmtl.recipe import read_recipe
from recmtl.training.loop import train
from recmtl.training.predict import task_predictions

MANY_EPOCHS = 1000
"""A fast model is through with one before it is measured."""


class StepProgress:
    """Tells the clock of the training's steps alone."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.training = clock, False

    def begin(self, what: str, size: int, /) -> None:
        """A pass over rows begins."""
        self.training = what.startswith("epoch")
        self.clock.pause()

    def advance(self, size: int, /) -> None:
        """A step is done; of no rows where an epoch begins."""
        if self.training and size:
            self.clock.step(size)

    def say(self, text: str, /) -> None:
        """Nothing."""


class Ours(System):
    def __init__(self, asked: Asked) -> None:
        torch.set_num_threads(asked.threads)
        self.asked, self.experiment = asked, experiment_of(asked, {})
        self.model = self.experiment.build()
        self.train, self.valid = self.experiment.rows("train"), self.experiment.rows("valid")

    def fit(self, clock: Clock) -> None:
        state = train(self.model, self.train, self.valid, self.experiment.train, (0, 1), StepProgress(clock))
        self.model.load_state_dict(state.best_weights, strict=False)

    @cached_property
    def test(self) -> Rows:
        """The test rows, or the first of them."""
        rows, wanted = self.experiment.rows("test"), len(self.asked.test().labels)
        if wanted == len(rows):
            return rows
        if not isinstance(rows, RowsInMemory):
            raise SystemExit("so many rows do not fit into memory: give --predict-rows as many as there are")
        return RowsInMemory(rows.batch.take(torch.arange(wanted)), _first(rows.group_sizes, wanted))

    def predict(self) -> Predictions:
        return np.stack([task.prediction for task in task_predictions(self.model, self.test, (0, 1))], axis=1)


def experiment_of(asked: Asked, more: Mapping[str, object]) -> Experiment:
    """The run on the split, with these settings of the section `train`."""
    root, epochs = asked.data / "workspace", 1 if asked.epoch else MANY_EPOCHS
    settings = {"batch_size": asked.batch, "epochs": epochs, "patience": epochs, "precision": asked.precision,
                **more}  # fmt: skip
    recipe = read_recipe(str(root / f"{asked.model}.json")).with_settings(
        [f"train.{key}={json.dumps(value)}" for key, value in settings.items()]
    )
    return open_experiment(Selection(recipe, DATA, "speed"), Workspace(root))


def _first(sizes: tuple[int, ...], rows: int) -> tuple[int, ...]:
    """The row groups that the first rows lie in."""
    found: list[int] = []
    for size in sizes:
        found.append(min(size, rows - sum(found)))
        if sum(found) == rows:
            break
    return tuple(found)


if __name__ == "__main__":
    keep_pages()  # as the command `recmtl` does
    main("recmtl", ("torch",), Ours)
