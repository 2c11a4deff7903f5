"""prune-single: find one task's lottery ticket, a mask of the shared deep layers that trains as well as the whole.

Reads a split and the run's initial weights; writes runs/<run>/tickets/<task>: a mask for each iteration and the
chosen one.
"""

import json
import shutil
from typing import Any, ClassVar

from recmtl.errors import ConfigError
from recmtl.pipelines.experiment import open_experiment
from recmtl.pipelines.selection import Asked, Selection, select_run
from recmtl.pipelines.stage import Context, Plan, Stage
from recmtl.pipelines.ticket_search import TicketSearch
from recmtl.pipelines.tickets import CHOSEN
from recmtl.pipelines.workspace import Workspace
from recmtl.pruning.config import PruneConfig
from recmtl.pruning.mask_file import Belonging, save_mask
from recmtl.pruning.tickets import Trial, choose
from recmtl.schema import Schema


class PruneSingle(Stage):
    """Search the ticket, then take the smallest mask that costs nothing."""

    name: ClassVar = "prune-single"
    resumes: ClassVar = True

    def __init__(
        self, asked: Asked, task: str | None = None, *, final_rate: float | None = None, iterations: int | None = None
    ) -> None:
        self.asked, self.task_asked = asked, task
        self.selection: Selection | None = None
        self.flags = {"prune.final_rate": final_rate, "prune.iterations": iterations}

    def plan(self, workspace: Workspace) -> Plan:
        """The task, the split and the sections must fit."""
        # once: while this runs, another command may move the mark of what was made last
        self.selection = self.selection or select_run(self.asked, self.name, workspace).with_flags(self.flags)
        selection = self.selection
        self.experiment = experiment = open_experiment(selection, workspace, self.asked.stream)
        self.config = selection.recipe.section("prune", PruneConfig)
        self.task = _task(experiment.schema, self.task_asked)
        task = experiment.schema.tasks[self.task].name
        config = {
            "task": task,
            "model": experiment.model.document(),
            "train": experiment.train.document(),
            "prune": self.config.document(),
        }
        return Plan(
            experiment.folder / "tickets" / task,
            config,
            {"split": experiment.split_hash},
            experiment.train.seed,
            selection.remembered(),
            None if self.asked.sample else ("runs", selection.run),
            selection.remark,
        )

    def check(self) -> None:
        """The run's initial weights."""
        _, self.start_hash = self.experiment.start()

    def run(self, context: Context) -> dict[str, Any]:
        """Write every mask and the ticket."""
        task = self.experiment.schema.tasks[self.task].name
        dense, *trials = TicketSearch(self.experiment, self.task, self.config, context).trials()
        chosen = choose(trials, self.config.tolerance)
        names = [f"{i}_{trial.percent}%.pt" for i, trial in enumerate(trials, 1)]
        belonging = Belonging(task, self.start_hash, self.experiment.split_hash)
        for name, trial in zip(names, trials, strict=True):
            save_mask(context.out / name, trial.mask, belonging, trial.score)
        shutil.copyfile(context.out / names[chosen], context.out / CHOSEN)
        # the dense trial is what the masks are measured against, never a ticket
        records = [_record(name, trial) for name, trial in zip([None, *names], [dense, *trials], strict=True)]
        (context.out / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        context.progress.say(f"{task}: the ticket is {names[chosen]}")
        return {"task": task, "ticket": names[chosen], "percent": trials[chosen].percent, "trials": records}


def _record(name: str | None, trial: Trial) -> dict[str, Any]:
    return {
        "mask": name,
        "kept": trial.kept,
        "total": trial.total,
        "percent": trial.percent,
        "score": trial.score,
    }


def _task(schema: Schema, asked: str | None) -> int:
    if asked is not None:
        return schema.task_index(asked)
    if len(schema.tasks) == 1:
        return 0
    raise ConfigError("prune-single needs to know the task.", hint=f"Give --task: {', '.join(schema.task_names)}.")
