"""Completion in the shell: the protocol, and where they are installed, the shells themselves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from recmtl.cli import completion
from recmtl.data.datasets.base import DatasetConfig
from recmtl.pipelines.evaluate import Part
from recmtl.recipe import presets

ROOT = Path(__file__).parent.parent.parent


def started(words, cwd, **env):
    """`recmtl` with no arguments, as a completion script starts it; standard error lists what was imported."""
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "recmtl", *words],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def offered(workspace):
    """What is offered for the last word of a line in a workspace, in bash."""

    def complete(line, cwd=workspace):
        words = line.split(" ")
        ran = started([], cwd, _RECMTL_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
        assert ran.returncode == 0, ran.stderr[-300:]
        imported = {row.rpartition("|")[2].strip() for row in ran.stderr.splitlines()}
        assert "recmtl.cli.main" in imported and not imported & {"torch", "duckdb", "pyarrow"}
        return ran.stdout.split()

    return complete


def test_commands_and_options(offered):
    assert {"download", "split-domains", "doctor", "config"} <= set(offered("recmtl "))
    assert offered("recmtl ev") == ["evaluate"]
    assert offered("recmtl config sch") == ["schema"]
    assert offered("recmtl train-mtl --dry") == ["--dry-run"]


def test_a_config_is_a_preset_or_lies_here(offered, workspace):
    (workspace / "adult_mine.json").write_text("{}")
    (workspace / "adult.txt").write_text("")
    assert offered("recmtl train-mtl --config ad") == ["adult.json", "adult_sex.json", "adult_mine.json"]
    assert offered("recmtl run census.json adult_") == ["adult_sex.json", "adult_mine.json"]
    assert [*presets(), "adult_mine.json", "data/", "runs/"] == offered("recmtl train-mtl --config ")
    assert offered("recmtl train-mtl --config configs/a") == []  # then the shell completes the path


def test_names_in_the_workspace(offered, workspace, tmp_path):
    (workspace / "data/half_made").mkdir()
    shutil.copytree(workspace / "runs/sample", workspace / "runs/wide")
    assert offered("recmtl train-mtl --data ") == ["sample"]
    assert offered("recmtl train-mtl --run ") == ["sample", "wide"]
    assert offered("recmtl train-mtl --tickets ") == ["none", "sample", "wide"]
    assert offered(f"recmtl train-mtl --workspace {workspace} --run w", cwd=tmp_path) == ["wide"]
    assert offered("recmtl train-mtl --run ", cwd=tmp_path) == []


def test_tasks_and_checkpoints_of_what_was_made_last(offered):
    assert offered("recmtl prune-single --task ") == ["click", "completion"]
    assert offered("recmtl prune-single --data nothing --task ") == []
    assert offered("recmtl prune-single --config adult.json --task ") == []  # it may mean another split
    assert offered("recmtl evaluate --checkpoint ") == ["best", "last"]


def test_lists_kept_by_hand_are_whole(offered):
    assert sorted(offered("recmtl evaluate --part ")) == sorted(get_args(Part))
    ours = {
        n
        for n, kind in DatasetConfig.kinds.items()
        if (kind.files or kind.optional) and kind.__module__.startswith("recmtl.data.")
    }
    assert set(completion.DATA_SETS) == ours
    assert set(offered("recmtl download ")) == ours


def test_zsh_and_fish_are_answered_in_their_own_way(workspace):
    line = {"_TYPER_COMPLETE_ARGS": "recmtl evaluate --part t"}
    ran = started([], workspace, _RECMTL_COMPLETE="complete_zsh", **line)
    assert ran.stdout.strip() == """_arguments '*: :(("train"\n"test"))'"""
    ran = started([], workspace, _RECMTL_COMPLETE="complete_fish", _TYPER_COMPLETE_FISH_ACTION="get-args", **line)
    assert ran.stdout.split() == ["train", "test"]


@pytest.fixture
def shell(program, tmp_path):
    """Runs a script in a shell of that name, with `recmtl` on its path and a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        **os.environ, "HOME": str(home), "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip

    def run(name, script):
        program = shutil.which(name)
        if program is None:
            pytest.skip(f"{name} is not installed")
        flags = {"bash": ["--norc"], "zsh": ["-f"], "fish": []}[name]
        ran = subprocess.run([program, *flags, "-c", script], cwd=home, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run


INSTALLED = {
    "bash": ".bash_completions/recmtl.sh",
    "zsh": ".zfunc/_recmtl",
    "fish": ".config/fish/completions/recmtl.fish",
}


@pytest.mark.parametrize("name", INSTALLED)
def test_the_script_is_shown_and_installed(name, shell, tmp_path):
    shown = shell(name, "recmtl --show-completion; true")
    assert f"_RECMTL_COMPLETE=complete_{name}" in shown
    assert f"{name} completion installed" in shell(name, "recmtl --install-completion; true")
    assert (tmp_path / "home" / INSTALLED[name]).read_text().strip() == shown.strip()


def test_bash_completes(shell):
    script = """eval "$(recmtl --show-completion)"
        COMP_WORDS=(recmtl train-mtl --config adult_); COMP_CWORD=3; _recmtl_completion recmtl
        printf '%s ' "${COMPREPLY[@]}" """
    assert shell("bash", script).split() == ["adult_sex.json"]


def test_fish_completes(shell):
    script = "recmtl --install-completion >/dev/null; complete -C 'recmtl train-mtl --config adult_'"
    assert shell("fish", script).split() == ["adult_sex.json"]


def test_no_shell_is_a_usage_error(tmp_path):
    """Below so many other processes that no shell is found."""
    if shutil.which("timeout") is None:
        pytest.skip("there is no `timeout` to stand between")
    ran = subprocess.run(
        [*["timeout", "60"] * 12, sys.executable, "-m", "recmtl", "--install-completion"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 2
    assert "error: completion is not known for this shell" in ran.stderr
    assert not list(tmp_path.iterdir())
