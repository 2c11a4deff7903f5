"""What --help says: whole, narrow enough, quick, and its examples are right."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from rich.cells import cell_len

from recmtl.cli.main import COMMANDS, app

ROOT = Path(__file__).parent.parent.parent
ROOT_COMMAND = typer.main.get_command(app)


def commands(command, words=()):
    """Every command and group below, with the words that call it."""
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


ALL = dict(commands(ROOT_COMMAND))
IDS = [" ".join(words) or "recmtl" for words in ALL]


def parsed(words):
    """Parse a command line without running it; errors are Typer's."""
    context, command = None, ROOT_COMMAND
    while hasattr(command, "commands"):
        context = command.make_context(words[0] if words else "recmtl", list(words), parent=context)
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
    return command.make_context(name, list(words), parent=context)


def test_the_names_in_errors_are_the_commands():
    assert set(COMMANDS) == {words[0] for words in ALL if words}


@pytest.mark.parametrize("words", ALL, ids=IDS)
def test_it_has_an_example_that_parses(words):
    example = re.search(r"Example: recmtl (.*)", ALL[words].help)
    assert example, words
    line = shlex.split(example[1].split(" > ")[0])
    assert tuple(line[: len(words)]) == words
    parsed(line)


def test_an_example_that_does_not_parse_would_be_found():
    with pytest.raises(typer.TyperException):
        parsed(["train-mtl", "--confg", "adult.json"])


@pytest.mark.parametrize("words", ALL, ids=IDS)
def test_every_option_says_what_it_does(words):
    for parameter in ALL[words].params:
        assert parameter.help and parameter.help.endswith("."), (words, parameter.name)


@pytest.mark.parametrize("words", ALL, ids=IDS)
def test_it_fits_eighty_columns(words, cli, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    ran = cli(*words, "--help", cwd=tmp_path)
    assert ran.code == 0
    assert max(map(cell_len, ran.out.splitlines())) <= 80
    assert "…" not in ran.out
    for parameter in ALL[words].params:
        assert all(option in ran.out for option in parameter.opts if option.startswith("--"))


def test_it_takes_less_than_a_third_of_a_second_of_the_processor_and_no_torch():
    """Time of the processor: how long a busy machine makes it wait says nothing."""
    code = (
        "import sys, time\n"
        "from recmtl.cli.main import main\n"
        "try: main(['evaluate', '--help'])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'duckdb', 'pyarrow', 'pandas', 'numpy', 'sklearn'} & set(sys.modules)\n"
        "print('seconds', time.process_time(), *heavy)"
    )
    ends = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=True,
        ).stdout.split("seconds ")[1].split()
        for _ in range(3)
    ]  # fmt: skip
    assert all(len(end) == 1 for end in ends), ends
    assert min(float(end[0]) for end in ends) < 0.3
