"""recmtl train-mtl: the command."""

from typing import Annotated

import typer

from recmtl.cli import completion
from recmtl.cli.options import TrainOptions, with_options
from recmtl.cli.report import print_table, show


@with_options
def train_mtl(
    *,
    tickets: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RUN|TASK=NUMBER|TASK=PATH|none",
            help="Tickets to train in; by default those of this run. Repeatable.",
            autocompletion=completion.tickets,
        ),
    ] = None,
    options: TrainOptions,
) -> None:
    """Train all tasks together, each within its ticket if it has one.

    Example: recmtl train-mtl --config adult.json
    """
    from recmtl.cli.running import asked_by, run_stage
    from recmtl.pipelines.train_mtl import TrainMtl

    outcome = run_stage(TrainMtl(asked_by(options), tickets or ()), options)
    if show(outcome, options.as_json):
        rows = [{"task": task, "validation": skill} for task, skill in outcome.notes["validation"].items()]
        print_table(
            rows, ["task", "validation"], f"best epoch: {outcome.notes['best_epoch']} of {outcome.notes['epochs']}"
        )
