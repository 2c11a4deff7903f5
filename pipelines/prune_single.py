"""prune-single: find one task's lottery ticket, a mask of the shared deep layers that trains as well as the whole
(LT4REC).

Reads a split and the run's initial weights; writes runs/<run>/tickets/<task>: one mask an iteration and the chosen
one.
"""

import json
import shutil
from collections.abc import Mapping
from typing import ClassVar

from pydantic import JsonValue
from torch import Tensor

from recmtl.adapters.mask import Masks
from recmtl.artifacts import tensors
from recmtl.errors import ConfigError
from recmtl.pipelines.experiment import Experiment, open_experiment
from recmtl.pipelines.selection import Asked, select_run
from recmtl.pipelines.stage import Context, Plan, Stage
from recmtl.pipelines.tickets import CHOSEN
from recmtl.pipelines.workspace import Workspace
from recmtl.pruning.config import PruneConfig
from recmtl.pruning.magnitude import cut, full_mask, geometric_counts, prunable
from recmtl.pruning.mask_file import Belonging, save_mask
from recmtl.pruning.tickets import Trial, choose
from recmtl.schema import Schema
from recmtl.training.loop import train
from recmtl.training.state import TrainState


class PruneSingle(Stage):
    """Train, cut the smallest weights, rewind, repeat; then take the smallest mask that costs nothing."""

    name: ClassVar = "prune-single"
    resumes: ClassVar = True

    def __init__(
        self, asked: Asked, task: str | None = None, *, final_rate: float | None = None, iterations: int | None = None
    ) -> None:
        self.asked, self.task_asked = asked, task
        self.flags = {"prune.final_rate": final_rate, "prune.iterations": iterations}

    def plan(self, workspace: Workspace) -> Plan:
        """The task, the split and the sections must fit."""
        selection = select_run(self.asked, workspace).with_flags(self.flags)
        self.experiment = experiment = open_experiment(selection, self.asked.seed, workspace)
        self.config = selection.recipe.section("prune", PruneConfig)
        self.task = _task(experiment.schema, self.task_asked)
        sections = {"model": experiment.model, "train": experiment.train, "prune": self.config}
        task = experiment.schema.tasks[self.task].name
        config = {"task": task, **{name: section.document() for name, section in sections.items()}}
        return Plan(
            experiment.folder / "tickets" / task, config, {"split": experiment.split_hash}, experiment.train.seed,
            selection.remembered(), ("runs", selection.run),
        )  # fmt: skip

    def run(self, context: Context) -> dict[str, JsonValue]:
        """Search the ticket and write every mask."""
        task, search = (
            self.experiment.schema.tasks[self.task].name,
            _Search(self.experiment, self.task, self.config, context),
        )
        dense, trials = search.trials()
        chosen = choose(trials, self.config.tolerance)
        belonging = Belonging(task, search.start_hash)
        names = [f"{i}_{trial.percent}%.pt" for i, trial in enumerate(trials, 1)]
        for name, trial in zip(names, trials, strict=True):
            save_mask(context.out / name, trial.mask, belonging, trial.score)
        shutil.copyfile(context.out / names[chosen], context.out / CHOSEN)
        records = [{"mask": None, "kept": dense.kept, "total": dense.total, "percent": 100.0, "score": dense.score}]
        records += [
            {"mask": n, "kept": t.kept, "total": t.total, "percent": t.percent, "score": t.score}
            for n, t in zip(names, trials, strict=True)
        ]
        (context.out / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        context.progress.say(f"{task}: the ticket is {names[chosen]}")
        return {"task": task, "ticket": names[chosen], "percent": trials[chosen].percent, "score": trials[chosen].score,
                "dense_score": dense.score, "trials": records}  # fmt: skip


class _Search:
    """Rounds of training from the same start; each is put away, so that a stopped search goes on after the last one."""

    def __init__(self, experiment: Experiment, task: int, config: PruneConfig, context: Context) -> None:
        self.experiment, self.task, self.context = experiment, task, context
        model, self.start_hash = experiment.start()
        self.full = full_mask(prunable(model.sharing))
        self.total = sum(value.numel() for value in self.full.values())
        self.counts = [self.total, *geometric_counts(self.total, config.final_rate, config.iterations)]
        if self.counts[-1] < 1:
            raise ConfigError(f"prune.final_rate {config.final_rate:g} leaves none of {self.total:,} weights.")
        self.train_rows, self.valid_rows = experiment.rows("train"), experiment.rows("valid")

    def trials(self) -> tuple[Trial, list[Trial]]:
        """The dense round, against which tickets are seen, and one trial for each mask."""
        found: list[Trial] = []
        mask: Mapping[str, Tensor] = self.full
        weights: Mapping[str, Tensor] = {}
        for place, keep in enumerate(self.counts):
            if place:  # the first round is dense: nothing to cut yet
                mask = cut(mask, weights, keep)
            score, weights = self._round(place, mask)
            found.append(Trial(mask, keep, self.total, score))
            name = self.experiment.schema.tasks[self.task].name
            self.context.progress.say(f"{name}: {found[-1].percent}% of the weights, validation score {score:.4f}")
        return found[0], found[1:]

    def _round(self, place: int, mask: Mapping[str, Tensor]) -> tuple[float, dict[str, Tensor]]:
        """Validation score and trained weights of one mask, from the start."""
        done = self.context.out / f".round_{place}.pt"
        if done.exists():
            content = tensors.load(done)
            return content["score"], content["weights"]
        model, _ = self.experiment.start()
        if place:
            model.masks = Masks({self.task: mask})
        checkpoint = self.context.out / ".training.pt"
        state = train(
            model,
            self.train_rows,
            self.valid_rows,
            self.experiment.train,
            [self.task],
            self.context.progress,
            checkpoint,
        )
        weights = _best_prunable(state, self.full)
        tensors.save(done, {"score": state.best_score, "weights": weights})
        checkpoint.unlink()
        return state.best_score, weights


def _best_prunable(state: TrainState, full: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: state.best_weights[f"sharing.{name}"] for name in full}


def _task(schema: Schema, asked: str | None) -> int:
    if asked is not None:
        return schema.task_index(asked)
    if len(schema.tasks) == 1:
        return 0
    raise ConfigError("prune-single needs to know the task.", hint=f"Give --task: {', '.join(schema.task_names)}.")
