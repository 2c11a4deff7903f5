"""recmtl evaluate: the command."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from recmtl.cli import completion
from recmtl.cli.options import RunOptions, with_options
from recmtl.cli.report import print_table, show

HIDDEN = {"undefined", "counted", "task"}
SHORT = {"positives": "pos", "log_loss": "logloss", "normalised_entropy": "NE", "calibration": "calib"}
"""Headings that let a row fit into eighty columns; the JSON has the full names."""


@with_options
def evaluate(
    *,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Weights to score: best, last, epoch-N, or a path; by default the config's, which is best.",
            autocompletion=completion.checkpoints,
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="PART",
            help="Rows to score: test, valid, train or all; by default the config's, which is test.",
            autocompletion=completion.parts,
        ),
    ] = None,
    options: RunOptions,
) -> None:
    """Score a run's model: for each task on each domain and over all.

    Example: recmtl evaluate --checkpoint best
    """
    from recmtl.cli.running import asked_by, run_stage
    from recmtl.pipelines.evaluate import Evaluate

    outcome = run_stage(Evaluate(asked_by(options), checkpoint=checkpoint, part=part), options)
    if show(outcome, options.as_json):
        print_scorecard(outcome.notes)


def print_scorecard(card: Mapping[str, Any]) -> None:
    """A table for each task, its means below, then the logged scores of other models."""
    for task in dict.fromkeys(cell["task"] for cell in card["cells"]):
        rows = [cell for cell in card["cells"] if cell["task"] == task]
        if len(rows) > 2:  # a single domain is its own mean
            rows += [{**mean, "domain": f"mean ({mean['mean']})"} for mean in card["summary"] if mean["task"] == task]
        columns = {name: SHORT.get(name, name) for name in rows[0] if name not in HIDDEN}
        print_table(rows, columns, f"{task} ({card['part']})")
    if card["baselines"]:
        print_table(card["baselines"], list(card["baselines"][0]), "logged scores, and the model on the same rows")
