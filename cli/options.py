"""Options that commands share. A command takes them as one value; `with_options` spreads them out for Typer.

Typer reads a command's options off its signature, and has no way to share them; so the one parameter `options` is
replaced by the fields of its dataclass.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from recmtl.cli import completion

Command = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Of every command."""

    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, on failure too.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only results and errors.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False
    log_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep log lines in this file too.")] = None


@dataclass(frozen=True, kw_only=True)
class WorkspaceOptions(OutputOptions):
    """Of every command that works in a workspace."""

    workspace: Annotated[Path, typer.Option(metavar="DIR", help="Folder that holds data/ and runs/.")] = Path()


@dataclass(frozen=True, kw_only=True)
class StageOptions(WorkspaceOptions):
    """Of every stage."""

    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run or is done already, and why.")] = False


@dataclass(frozen=True, kw_only=True)
class ConfigOptions(StageOptions):
    """Of every stage that reads a config."""

    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="A config file, or the name of a preset such as adult.json.",
            autocompletion=completion.configs,
        ),
    ] = None
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Replace a value, e.g. model.num_experts=8. Repeatable."),
    ] = None
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which split, a folder in data/; by default the config's, or the one made last.",
            autocompletion=completion.splits,
        ),
    ] = None
    sample: Annotated[
        bool, typer.Option("--sample", help="Work on the embedded sample, running the stages before if need be.")
    ] = False


Precision = Annotated[
    str | None,
    typer.Option(
        metavar="auto|f32|bf16",
        help="Of the network's products: single; bfloat16, several times as fast where the machine multiplies it; or "
        "auto, bfloat16 there. By default the config's train.precision, which is f32; of a trained model, its own.",
        autocompletion=completion.precisions,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        metavar="auto|cpu|cuda",
        help="What computes; by default the config's train.device, which is cpu.",
        autocompletion=completion.devices,
    ),
]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Replace the seed of the stage's section.", min=0)]


@dataclass(frozen=True, kw_only=True)
class SplitOptions(ConfigOptions):
    """Of the stage that makes a split."""

    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="About how much memory to take at most, e.g. 4GiB; by default half of the machine's. What does "
            "not fit lies on disk meanwhile; the result is the same.",
        ),
    ] = None
    seed: Seed = None
    extend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Take over what this split fitted, and only add to it: its ids keep their meaning.",
            autocompletion=completion.splits,
        ),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Leave out rows before this time, e.g. 2026-11-20; replaces split.since."),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Leave out rows at this time and after it; replaces split.until."),
    ] = None
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse a split that leaks: a feature tells a label, an event is in two parts."),
    ] = False


@dataclass(frozen=True, kw_only=True)
class RunOptions(ConfigOptions):
    """Of every stage that belongs to a run."""

    run: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which run, a folder in runs/; by default the config's, or the one made last.",
            autocompletion=completion.runs,
        ),
    ] = None
    precision: Precision = None
    device: Device = None


@dataclass(frozen=True, kw_only=True)
class TrainOptions(RunOptions):
    """Of every stage that trains."""

    seed: Seed = None
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Read training rows from disk as they are needed; by default if they take half of the memory. "
            "The result is the same.",
        ),
    ] = None


def with_options(command: Command) -> Command:
    """Spread the parameter `options` of a command into the options that its dataclass declares."""
    kind = get_type_hints(command)["options"]
    hints = get_type_hints(kind, include_extras=True)
    own = [p for name, p in inspect.signature(command).parameters.items() if name != "options"]
    shared = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in dataclasses.fields(kind)
    ]

    @functools.wraps(command)
    def spread(**values: Any) -> None:
        options = kind(**{parameter.name: values.pop(parameter.name) for parameter in shared})
        command(options=options, **values)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + shared
    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread.__annotations__ = {p.name: p.annotation for p in parameters}
    return spread
