"""train-mtl: train all tasks together, from the run's initial weights, each task within its ticket if it has one.

Reads a split, the run's initial weights and tickets; writes runs/<run>/model: best.pt, last.pt, metrics.jsonl.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from recmtl.adapters.mask import Masks
from recmtl.artifacts.hashing import sha256_file
from recmtl.metrics.predictions import TaskPredictions
from recmtl.models.model import Model
from recmtl.pipelines.checkpoint import save_checkpoint
from recmtl.pipelines.experiment import Experiment, open_experiment
from recmtl.pipelines.selection import Asked, Selection, select_run
from recmtl.pipelines.stage import Context, Plan, Stage
from recmtl.pipelines.tickets import TicketPaths, find_tickets
from recmtl.pipelines.workspace import Workspace
from recmtl.pruning.magnitude import prunable
from recmtl.pruning.mask_file import Belonging, found_on, load_mask
from recmtl.training.loop import train
from recmtl.training.state import TrainState, weights_of


class TrainMtl(Stage):
    """One model for all tasks."""

    name: ClassVar = "train-mtl"
    resumes: ClassVar = True

    def __init__(self, asked: Asked, tickets: Sequence[str] = ()) -> None:
        self.asked, self.tickets_asked = asked, tickets
        self.selection: Selection | None = None

    def plan(self, workspace: Workspace) -> Plan:
        """The split, the sections and the tickets must be there and fit."""
        # once: while this runs, another command may move the mark of what was made last
        self.selection = self.selection or select_run(self.asked, self.name, workspace)
        selection = self.selection
        self.experiment = experiment = open_experiment(selection, workspace, self.asked.stream)
        self.tickets: TicketPaths = find_tickets(self.tickets_asked, experiment.schema, experiment.folder, workspace)
        config = {"model": experiment.model.document(), "train": experiment.train.document()}
        inputs = {
            "split": experiment.split_hash,
            **{f"ticket {task}": sha256_file(path) for task, path in self.tickets.items()},
        }
        return Plan(
            experiment.folder / "model",
            config,
            inputs,
            experiment.train.seed,
            selection.remembered(),
            None if self.asked.sample else ("runs", selection.run),
            selection.remark,
        )

    def check(self) -> None:
        """The model at the run's initial weights, and the tickets that belong to them."""
        self.model, start_hash = self.experiment.start()
        self.masks = _load_masks(self.tickets, self.model, self.experiment, start_hash)

    def run(self, context: Context) -> dict[str, Any]:
        """Train, and write the checkpoints."""
        experiment, out, model, masks = self.experiment, context.out, self.model, self.masks
        if masks:
            model.masks = Masks({experiment.schema.task_index(task): mask for task, mask in masks.items()})
        shares = {task: _share(mask) for task, mask in masks.items()}
        for task in experiment.schema.task_names:
            context.progress.say(f"{task}: {f'a ticket of {shares[task]:.2%}' if task in shares else 'all weights'}")
        for task in self._of_bases():
            context.progress.say(
                f"{task}: the ticket was found on a split that {experiment.split} extends: rows in both may be "
                "training rows there and test rows here"
            )
        keep_all = experiment.train.keep_checkpoints == "all"

        def save(name: str, weights: Mapping[str, Tensor]) -> None:
            save_checkpoint(out / name, weights, masks, experiment.split_hash)

        def after_epoch(state: TrainState, predictions: Sequence[TaskPredictions]) -> None:
            if keep_all:
                save(f"epoch-{state.epoch}.pt", weights_of(state.model))

        tasks = range(len(experiment.schema.tasks))
        state = train(
            model, experiment.rows("train"), experiment.rows("valid"), experiment.train, tasks, context.progress,
            out / ".training.pt", after_epoch,
        )  # fmt: skip
        save("best.pt", state.best_weights)
        save("last.pt", weights_of(model))
        (out / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in state.history))
        best = state.history[state.best_epoch]
        return {"best_epoch": state.best_epoch + 1, "epochs": state.epoch, "validation": best["validation"],
                "score": best["score"], "tickets": shares}  # fmt: skip

    def _of_bases(self) -> list[str]:
        """Tasks whose tickets were found on a split that this one extends."""
        return [task for task, path in self.tickets.items() if found_on(path) != self.experiment.split_hash]


def _load_masks(paths: TicketPaths, model: Model, experiment: Experiment, start: str) -> dict[str, dict[str, Tensor]]:
    """The masks by task, each checked against the task, the initial weights, the split and the architecture."""
    weights, split = prunable(model.sharing), (experiment.split_hash, experiment.bases)
    return {task: load_mask(path, weights, Belonging(task, start, *split)) for task, path in paths.items()}


def _share(mask: Mapping[str, Tensor]) -> float:
    return sum(int(value.sum()) for value in mask.values()) / sum(value.numel() for value in mask.values())
