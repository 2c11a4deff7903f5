"""recmtl run: the command."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recmtl.cli import completion
from recmtl.cli.failures import explained
from recmtl.cli.options import WorkspaceOptions, with_options
from recmtl.cli.report import SCHEMA_VERSION, error_fields, print_error, print_json, print_table, show
from recmtl.errors import Interrupted, RecmtlError

if TYPE_CHECKING:  # at run time numpy would come along, and --help would wait for it
    from recmtl.pipelines.comparison import Score
    from recmtl.pipelines.run import Jobs


@dataclass
class Result:
    """What became of a config."""

    config: str
    stages: list[dict[str, str]] = field(default_factory=list)
    cards: list[Mapping[str, Any]] = field(default_factory=list)
    failure: RecmtlError | None = None


@with_options
def run(
    configs: Annotated[
        list[str],
        typer.Argument(
            metavar="CONFIG...", help="Config files, or names of presets.", autocompletion=completion.configs
        ),
    ],
    *,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="Train each config once with each seed, for means and deviations."),
    ] = None,
    by_domain: Annotated[bool, typer.Option("--by-domain", help="A column for each task on each domain.")] = False,
    options: WorkspaceOptions,
) -> None:
    """Split, train and evaluate each config, as far as that is not done yet, and compare their scores.

    Example: recmtl run adult.json adult_sex.json --seeds 0,1,2
    """
    from recmtl.pipelines.run import Jobs, read_seeds

    jobs = Jobs(() if seeds is None else read_seeds(seeds))
    results = [_result(config, jobs, options) for config in configs]
    if options.as_json:
        _print_json(results, by_domain)
    else:
        _print(results, by_domain)
    failures = [result.failure for result in results if result.failure is not None]
    if failures:
        raise typer.Exit(failures[0].exit_code)


def _result(config: str, jobs: "Jobs", options: WorkspaceOptions) -> Result:
    """Run its stages; one that fails ends this config and no other."""
    from recmtl.cli.running import run_stage

    result = Result(config)
    try:
        for stage in jobs.job(config).stages():
            outcome = run_stage(stage, options)
            if not options.as_json:
                show(outcome, as_json=False)
            result.stages.append({"stage": stage.name, "status": outcome.status, "target": str(outcome.target)})
            if stage.name == "evaluate":
                result.cards.append(outcome.notes)
    except (Interrupted, BrokenPipeError):
        raise
    except Exception as error:
        if options.debug:
            raise
        result.failure = explained(error)
        if isinstance(result.failure, Interrupted):
            raise
        print_error(result.failure, "run", as_json=False)
    return result


def _scores(result: Result, by_domain: bool) -> Sequence["Score"]:
    from recmtl.pipelines.comparison import scores

    return [] if result.failure else scores(result.cards, by_domain=by_domain)


def _print(results: Sequence[Result], by_domain: bool) -> None:
    """A row a config; a column a score, and one for its deviation where there are several seeds."""
    rows, columns = [], {"config": "config"}
    of_means: dict[str, str] = {}
    for result in results:
        row: dict[str, Any] = {"config": result.config}
        for score in _scores(result, by_domain):
            headings = of_means if score.task is None else columns
            what = "mean" if score.task is None else f"{score.task} {score.domain}" if by_domain else score.task
            # a colon stands in no task's and no domain's name
            key = f"{score.task or ''}:{score.domain or ''}:{score.metric}"
            row[key], headings[key] = score.mean, f"{what} {score.metric}"
            if len(score.values) > 1:
                row[f"{key}:sd"], headings[f"{key}:sd"] = score.deviation, "sd"
        rows.append(row | {"failed": str(result.failure or "")})
    failed = {"failed": "failed"} if any(row["failed"] for row in rows) else {}
    print_table(rows, columns | of_means | failed)


def _print_json(results: Sequence[Result], by_domain: bool) -> None:
    failures = [result.failure for result in results if result.failure is not None]
    status = error_fields(failures[0]) if failures else {"status": "done"}
    head = {"schema_version": SCHEMA_VERSION, "command": "run", **status}
    print_json({**head, "configs": [_document(result, by_domain) for result in results]})


def _document(result: Result, by_domain: bool) -> dict[str, Any]:
    found = [
        {**asdict(score), "mean": score.mean, "deviation": score.deviation} for score in _scores(result, by_domain)
    ]
    error = {} if result.failure is None else {"error": error_fields(result.failure)}
    return {"config": result.config, "stages": result.stages, "scores": found, **error}
