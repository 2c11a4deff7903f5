"""recmtl predict: the command."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recmtl.cli import completion
from recmtl.cli.options import Device, Precision, StageOptions, with_options
from recmtl.cli.report import print_table, show
from recmtl.data.table_form import TableForm
from recmtl.errors import ConfigError

if TYPE_CHECKING:  # at run time torch would come along, and --help would wait for it
    from recmtl.pipelines.predict import Request
    from recmtl.pipelines.selection import Asked
    from recmtl.pipelines.stage import Outcome

TOP = 10
"""Features that the table shows; the JSON has all."""


@with_options
def predict(
    *,
    source: Annotated[
        str, typer.Option("--input", metavar="PATH|-", help="Rows to score: a file, a folder, or - for standard input.")
    ],
    target: Annotated[
        str,
        typer.Option("--output", metavar="PATH|-", help="Where the scored rows go: a file, or - for standard output."),
    ],
    input_format: Annotated[
        TableForm | None, typer.Option(help="Of the input, where its name does not say it.")
    ] = None,
    output_format: Annotated[
        TableForm | None, typer.Option(help="Of the output; by default its name says it, and - is csv.")
    ] = None,
    checkpoint: Annotated[
        str,
        typer.Option(
            metavar="NAME|PATH",
            help="Weights to score with: best, last, epoch-N, or a path.",
            autocompletion=completion.checkpoints,
        ),
    ] = "best",
    unknown_domain: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|mean",
            help="The domain whose scores rows of unknown domains get, or the mean over all; by default such rows are "
            "refused.",
        ),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FORMULA", help="One more score, e.g. ctcvr=click*conversion. Repeatable."),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which run, a folder in runs/; by default the one made last.",
            autocompletion=completion.runs,
        ),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Use the model of the embedded sample, training it if need be.")
    ] = False,
    precision: Precision = None,
    device: Device = None,
    options: StageOptions,
) -> None:
    """Score new rows with a run's model: the same rows, with a column score_TASK for each task.

    Example: recmtl predict --input rows.parquet --output scores.parquet
    """
    from recmtl.pipelines.predict import STDOUT, Request
    from recmtl.pipelines.selection import Asked

    if target == STDOUT and options.as_json:
        raise ConfigError("--json and --output - both write to standard output.", hint="Name a file with --output.")
    request = Request(source, target, input_format, output_format, checkpoint, unknown_domain, tuple(score or ()))
    outcome = _run(Asked(run=run, sample=sample, precision=precision, device=device), request, options)
    if target != STDOUT and show(outcome, options.as_json) and outcome.status == "done":
        print_counts(outcome.notes)


def _run(asked: "Asked", request: "Request", options: StageOptions) -> "Outcome":
    from recmtl.cli.terminal import Terminal
    from recmtl.pipelines.predict import NAME, predict
    from recmtl.pipelines.sample import stages_before
    from recmtl.pipelines.stage import execute
    from recmtl.pipelines.workspace import Workspace
    from recmtl.training.interrupt import signals_raise

    workspace, terminal = Workspace(options.workspace), Terminal(options.quiet, options.log_file)
    try:
        for earlier in stages_before(NAME, asked) if asked.sample and not options.dry_run else ():
            execute(earlier, workspace, terminal)
        with signals_raise():
            return predict(asked, request, workspace, terminal, dry_run=options.dry_run)
    finally:
        terminal.close()


def print_counts(notes: Mapping[str, Any]) -> None:
    """Rows, and the features of which most is unknown."""
    print(f"rows: {notes['rows']:,}; scores: {', '.join(notes['scores'])}")
    unknown = [row for row in notes["features"] if row["missing"] or row["unseen"]]
    if unknown:
        more = f", the first {TOP} of {len(unknown)}" if len(unknown) > TOP else ""
        columns = ("feature", "missing", "missing_share", "unseen", "unseen_share")
        print_table(unknown[:TOP], columns, f"missing, and not seen in training{more}")
    if notes["unknown_domains"]["rows"]:
        print(f"rows of unknown domains: {notes['unknown_domains']['rows']:,}")
