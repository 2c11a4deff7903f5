"""The command `recmtl`: its parts, and how errors become exit codes."""

import io
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

import recmtl
from recmtl.cli import config, models
from recmtl.cli.demo import demo
from recmtl.cli.doctor import doctor
from recmtl.cli.download import download
from recmtl.cli.evaluate import evaluate
from recmtl.cli.failures import explained, stopped
from recmtl.cli.memory import keep_pages
from recmtl.cli.predict import predict
from recmtl.cli.prune_single import prune_single
from recmtl.cli.run import run
from recmtl.cli.split_domains import split_domains
from recmtl.cli.train_mtl import train_mtl
from recmtl.errors import ConfigError, RecmtlError

EXIT_CODES = (
    "Exit codes: 0 done or done already, 1 internal error, 2 usage or config, 3 data refused, 5 input missing, network "
    "or no space, 6 artefacts damaged or not belonging together, 75 locked by another run, 130/143 interrupted."
)
EXAMPLE = "Example: recmtl demo --workspace demo"
COMPLETION = {"--install-completion", "--show-completion"}

app = typer.Typer(
    help=f"{recmtl.__doc__}\n\n{EXIT_CODES}\n\n{EXAMPLE}", add_completion=True, pretty_exceptions_enable=False
)
for command in (download, split_domains, prune_single, train_mtl, evaluate, predict, run, demo, doctor):
    app.command()(command)
app.add_typer(config.app, name="config")
app.add_typer(models.app, name="models")
COMMANDS = (
    "download", "split-domains", "prune-single", "train-mtl", "evaluate", "predict", "run", "demo", "doctor", "config",
    "models",
)  # fmt: skip


def _show_version(asked: bool) -> None:
    if asked:
        from recmtl.artifacts.code_version import code_version

        print(f"recmtl {code_version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    keep_pages()
    _steady_streams()
    words = sys.argv[1:] if arguments is None else arguments
    try:
        sys.exit(_run(words))
    except BrokenPipeError:  # the reader of a pipe has had enough
        _drop_output()
        sys.exit(0)


def _drop_output() -> None:
    """So that Python does not try once more to write it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _steady_streams() -> None:
    """A stream that is closed takes everything, and one that cannot write a character writes its number."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(words: list[str]) -> int:
    from recmtl.cli.report import print_error

    as_json, command = "--json" in words, next((word for word in words if not word.startswith("-")), "")
    try:
        code = app(words or ["--help"], prog_name="recmtl", standalone_mode=False)
        sys.stdout.flush()  # here a full disk below it can still be told
        if code == 1 and COMPLETION & set(words):  # Typer's own
            raise ConfigError(
                "completion is not known for this shell.", hint="Run it from bash, zsh, fish or PowerShell."
            )
        if code != 128 + signal.SIGINT:
            return code if isinstance(code, int) else 0
        failure: RecmtlError = stopped()  # Typer has caught a KeyboardInterrupt
    except BrokenPipeError:
        raise
    except SystemExit as left:
        if isinstance(left.__context__, BrokenPipeError):  # Typer has caught it, and would end with 1
            raise left.__context__ from None
        raise
    except Exception as error:
        if "--debug" in words:
            raise
        failure = explained(error, command if command in COMMANDS else "")
    except KeyboardInterrupt:
        failure = stopped()
    print_error(failure, command, as_json)
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    return failure.exit_code
