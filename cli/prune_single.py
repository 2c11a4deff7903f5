"""recmtl prune-single: the command."""

from typing import Annotated

import typer

from recmtl.cli import completion
from recmtl.cli.options import TrainOptions, with_options
from recmtl.cli.report import print_table, show


@with_options
def prune_single(
    *,
    task: Annotated[
        str | None,
        typer.Option(
            metavar="TASK", help="Task by name or position, e.g. click or 0.", autocompletion=completion.tasks
        ),
    ] = None,
    final_rate: Annotated[
        float | None, typer.Option(metavar="RATE", help="Share of the shared layers' weights to keep, e.g. 0.2.")
    ] = None,
    iterations: Annotated[int | None, typer.Option(metavar="N", help="Pruning steps on the way there.")] = None,
    options: TrainOptions,
) -> None:
    """Find a task's lottery ticket: the smallest part of the shared layers that learns it as well.

    Example: recmtl prune-single --task 0 --final-rate 0.2
    """
    from recmtl.cli.running import asked_by, run_stage
    from recmtl.pipelines.prune_single import PruneSingle

    # None means "not given": only a flag that was given overrides the file and --set
    outcome = run_stage(PruneSingle(asked_by(options), task, final_rate=final_rate, iterations=iterations), options)
    if show(outcome, options.as_json):
        print_table(outcome.notes["trials"], ["mask", "kept", "percent", "score"], f"ticket: {outcome.notes['ticket']}")
