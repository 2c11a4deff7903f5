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
from recmtl.cli.memory import keep_pages
from recmtl.cli.predict import predict
from recmtl.cli.prune_single import prune_single
from recmtl.cli.split_domains import split_domains
from recmtl.cli.train_mtl import train_mtl
from recmtl.errors import ConfigError, Interrupted, MissingError, RecmtlError

EXIT_CODES = (
    "Exit codes: 0 done or done already, 1 internal error, 2 usage or config, 3 data refused, 5 input missing, network "
    "or no space, 6 artefacts damaged or not belonging together, 75 locked by another run, 130/143 interrupted."
)
EXAMPLE = "Example: recmtl demo --workspace demo"
NO_MEMORY = ("not enough memory", "allocate memory", "size calculation overflowed")
"""What torch says in its errors, which have no kind of their own."""

app = typer.Typer(
    help=f"{recmtl.__doc__}\n\n{EXIT_CODES}\n\n{EXAMPLE}", add_completion=True, pretty_exceptions_enable=False
)
for command in (download, split_domains, prune_single, train_mtl, evaluate, predict, demo, doctor):
    app.command()(command)
app.add_typer(config.app, name="config")
app.add_typer(models.app, name="models")
COMMANDS = (
    "download", "split-domains", "prune-single", "train-mtl", "evaluate", "predict", "demo", "doctor", "config",
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
        if code == 1:  # Typer's own, from --install-completion and --show-completion
            raise ConfigError(
                "completion is not known for this shell.", hint="Run it from bash, zsh, fish or PowerShell."
            )
        if code != 128 + signal.SIGINT:
            return code if isinstance(code, int) else 0
        explained: RecmtlError = _stopped()  # Typer has caught a KeyboardInterrupt
    except BrokenPipeError:
        raise
    except SystemExit as left:
        if isinstance(left.__context__, BrokenPipeError):  # Typer has caught it, and would end with 1
            raise left.__context__ from None
        raise
    except Exception as error:
        if "--debug" in words:
            raise
        explained = _explained(error, command)
    except KeyboardInterrupt:
        explained = _stopped()
    print_error(explained, command, as_json)
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    return explained.exit_code


def _stopped() -> Interrupted:
    return Interrupted(signal.SIGINT, "stopped by SIGINT.")


def _explained(error: Exception, command: str) -> RecmtlError:
    if isinstance(error, RecmtlError):
        return error
    if isinstance(error, typer.Abort) or "Query interrupted" in str(error):  # the second is DuckDB's KeyboardInterrupt
        return _stopped()
    if isinstance(error, typer.TyperException):
        from recmtl.config import plain_words

        about = f"{command} " if command in COMMANDS else ""
        return ConfigError(plain_words(error.format_message()), hint=f"See: recmtl {about}--help")
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("recmtl"):
        return MissingError(f"the package {error.name!r} is not installed.", hint="recmtl doctor says what is missing.")
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return MissingError(
            f"{where}{error.strerror.lower()}.", hint="Check the path, its owner, its mode and its disk."
        )
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in NO_MEMORY):
        return MissingError("there is not enough memory.", hint="Make the model or the batch smaller.")
    return RecmtlError(
        f"internal error: {type(error).__name__}: {error}", hint="--debug shows where; please report it."
    )
