"""train-mtl: train all tasks together, from the run's initial weights, each task within its ticket if it has one.

Reads a split, the run's initial weights and tickets; writes runs/<run>/model: best.pt, last.pt, metrics.jsonl.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from recmtl.adapters.mask import Masks
from recmtl.artifacts import tensors
from recmtl.artifacts.hashing import sha256_file
from recmtl.models.model import Model
from recmtl.pipelines.experiment import Experiment, open_experiment
from recmtl.pipelines.selection import Asked, select_run
from recmtl.pipelines.stage import Context, Plan, Stage
from recmtl.pipelines.tickets import TicketPaths, find_tickets
from recmtl.pipelines.workspace import Workspace
from recmtl.pruning.magnitude import prunable
from recmtl.pruning.mask_file import Belonging, load_mask
from recmtl.training.loop import train
from recmtl.training.state import TrainState, weights_of


class TrainMtl(Stage):
    """One model for all tasks."""

    name: ClassVar = "train-mtl"
    resumes: ClassVar = True

    def __init__(self, asked: Asked, tickets: Sequence[str] = ()) -> None:
        self.asked, self.tickets_asked = asked, tickets

    def plan(self, workspace: Workspace) -> Plan:
        """The split, the sections and the tickets must be there and fit."""
        selection = select_run(self.asked, workspace)
        self.experiment = experiment = open_experiment(selection, self.asked.seed, workspace)
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
            ("runs", selection.run),
            selection.remark,
        )

    def run(self, context: Context) -> dict[str, Any]:
        """Train, and write the checkpoints."""
        experiment, out = self.experiment, context.out
        model, start_hash = experiment.start()
        masks = load_masks(self.tickets, model, experiment, start_hash)
        if masks:
            model.masks = Masks(masks)
        shares = {experiment.schema.tasks[t].name: _share(mask) for t, mask in masks.items()}
        for task in experiment.schema.task_names:
            context.progress.say(f"{task}: {f'a ticket of {shares[task]:.2%}' if task in shares else 'all weights'}")
        keep_all = experiment.train.keep_checkpoints == "all"

        def after_epoch(state: TrainState) -> None:
            if keep_all:
                tensors.save(out / f"epoch-{state.epoch}.pt", _checkpoint(weights_of(state.model), masks))

        tasks = range(len(experiment.schema.tasks))
        state = train(
            model, experiment.rows("train"), experiment.rows("valid"), experiment.train, tasks, context.progress,
            out / ".training.pt", after_epoch,
        )  # fmt: skip
        tensors.save(out / "best.pt", _checkpoint(state.best_weights, masks))
        tensors.save(out / "last.pt", _checkpoint(weights_of(model), masks))
        (out / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in state.history))
        best = state.history[state.best_epoch]
        return {"best_epoch": state.best_epoch + 1, "epochs": state.epoch, "validation": best["validation"],
                "score": best["score"], "tickets": shares}  # fmt: skip


def load_masks(
    paths: TicketPaths, model: Model, experiment: Experiment, start_hash: str
) -> dict[int, dict[str, Tensor]]:
    """The masks by position of their task, each checked against the task, the initial weights and the architecture."""
    weights = prunable(model.sharing)
    return {
        experiment.schema.task_index(task): load_mask(path, weights, Belonging(task, start_hash))
        for task, path in paths.items()
    }


def load_checkpoint(path: Path, model: Model) -> None:
    """Put the weights and masks at `path` into `model`.

    Raises:
        DamagedError: it is damaged, or of another model.
    """
    content = tensors.load(path)
    expected = {name: (value.shape, value.dtype) for name, value in model.state_dict().items()}
    tensors.check_like(content.get("weights", {}), expected, "weights", path)
    model.load_state_dict(content["weights"])
    masks = content.get("masks", {})
    if masks:
        model.masks = Masks({model.schema.task_index(task): mask for task, mask in masks.items()})


def _checkpoint(weights: Mapping[str, Tensor], masks: Mapping[int, Mapping[str, Tensor]]) -> dict[str, object]:
    return {"weights": weights, "masks": {str(task): mask for task, mask in masks.items()}}


def _share(mask: Mapping[str, Tensor]) -> float:
    return sum(int(value.sum()) for value in mask.values()) / sum(value.numel() for value in mask.values())
