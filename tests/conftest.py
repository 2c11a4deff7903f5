"""What all tests share: one thread, the real data if it is there, a command line in a process of its own."""

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).parent.parent
TEST_DATA = Path(os.environ.get("RECMTL_TEST_DATA", ROOT.parent / "shared" / "data"))

# two threads on two busy cores make a step a hundred times slower
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real_data():
    """A function from a data set's folder name to its real files; the test is skipped where they are absent."""

    def folder(name: str) -> Path:
        path = TEST_DATA / name
        if not path.is_dir():
            pytest.skip(f"the real files of {name} are not in {TEST_DATA} (set RECMTL_TEST_DATA)")
        return path

    return folder


@pytest.fixture
def without_onednn(monkeypatch) -> None:
    """oneDNN prepares a product anew for every number of rows; each batch has its own numbers of the domains' rows, and
    to a narrow network that is most of the work.
    """
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)


@dataclass(frozen=True)
class Ran:
    """What a command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as one JSON document."""
        return json.loads(self.out)


def process(*words: str, cwd: Path, env: dict[str, str] | None = None) -> Ran:
    """`recmtl` in a process of its own, off a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "recmtl", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def on_a_terminal(*words: str, cwd: Path, columns: int = 80, env: dict[str, str] | None = None) -> Ran:
    """`recmtl` in a process of its own, on a terminal of that width: `out` has all that a person would see."""
    import fcntl  # here: Windows has neither, and no such tests
    import termios

    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    own = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    running = subprocess.Popen(
        [sys.executable, "-m", "recmtl", *words],
        cwd=cwd,
        env={**own, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **(env or {})},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    seen = b""
    with suppress(OSError):  # Linux says EIO when the last writer has gone
        while piece := os.read(master, 65536):
            seen += piece
    os.close(master)
    return Ran(running.wait(timeout=300), seen.decode().replace("\r\n", "\n"), "")


@pytest.fixture(scope="session")
def on_terminal() -> Callable[..., Ran]:
    """`recmtl` in a process of its own, on a terminal."""
    return on_a_terminal


@pytest.fixture(scope="session")
def recmtl() -> Callable[..., Ran]:
    """`recmtl` in a process of its own."""
    return process


@pytest.fixture
def program(tmp_path) -> Path:
    """`recmtl` as a file that a shell can run, alone in its folder; it needs nothing of the environment."""
    path = tmp_path / "bin" / "recmtl"
    path.parent.mkdir()
    threads = "OMP_NUM_THREADS=1 MKL_NUM_THREADS=1"
    path.write_text(f'#!/bin/sh\n{threads} PYTHONPATH="{ROOT}" exec "{sys.executable}" -m recmtl "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def cli(capfd, monkeypatch) -> Callable[..., Ran]:
    """`recmtl` in this process, for what does not need one of its own: (words, cwd) -> Ran."""
    from recmtl.cli.main import main

    def run(*words: str, cwd: Path) -> Ran:
        monkeypatch.chdir(cwd)
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main(list(words))
        out, err = capfd.readouterr()
        return Ran(int(left.value.code or 0), out, err)

    return run


@pytest.fixture(scope="session")
def sample_workspace(tmp_path_factory) -> Path:
    """A workspace where the demo has run, as a config of the user's own would have. Tests copy it before they change
    anything.
    """
    workspace = tmp_path_factory.mktemp("sample")
    ran = process("demo", cwd=workspace)
    assert ran.code == 0, ran.err
    # the demo leaves no mark of what was made last; naming its config does
    shutil.copyfile(ROOT / "recmtl/presets/sample.json", workspace / "sample.json")
    for stage in ("split-domains", "train-mtl"):
        ran = process(stage, "--config", "sample.json", cwd=workspace)
        assert "done already" in ran.out, ran.err
    return workspace


@pytest.fixture
def workspace(sample_workspace, tmp_path) -> Path:
    """A copy of it, to change."""
    return Path(shutil.copytree(sample_workspace, tmp_path / "workspace"))
