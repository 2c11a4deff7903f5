"""recmtl download: the command."""

from typing import Annotated

import typer

from recmtl.cli import completion
from recmtl.cli.options import StageOptions, with_options
from recmtl.cli.report import show


@with_options
def download(
    dataset: Annotated[
        str,
        typer.Argument(help=f"Its name: {', '.join(completion.DATA_SETS)}.", autocompletion=completion.data_sets),
    ],
    *,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="DIR|FILE|URL", help="A local copy or a mirror; checked the same way."),
    ] = None,
    options: StageOptions,
) -> None:
    """Get a data set's files, checked against their published sums.

    Example: recmtl download adult
    """
    from recmtl.cli.running import run_stage
    from recmtl.pipelines.download import Download

    show(run_stage(Download(dataset, source), options), options.as_json)
