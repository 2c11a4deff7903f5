"""A folder for each case: a workspace where the demo has run, and raw files beside it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from recmtl import sample_data

LINES = 400
"""Of each raw file: enough to split, and little to read."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="Write goldens.txt anew; then read it.")


@pytest.fixture(scope="session")
def prepared(sample_workspace, tmp_path_factory) -> Path:
    """What each case gets a copy of."""
    here = Path(shutil.copytree(sample_workspace, tmp_path_factory.mktemp("bad_input") / "here"))
    for name in ("taobao", "adult"):
        (here / name).mkdir()
        for path in (sample_data.folder() / name).iterdir():
            lines = path.read_text().splitlines(keepends=True)
            (here / name / path.name).write_text("".join(lines[:LINES]))
    return here


@pytest.fixture
def here(prepared, tmp_path, request) -> Path:
    """The copy; on a disk of its own if the case asks for one."""
    size = request.node.callspec.params["case"].disk_bytes
    if size is None:
        return Path(shutil.copytree(prepared, tmp_path / "here"))
    here = tmp_path / "here"
    here.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(here)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root and leave to mount")
    request.addfinalizer(lambda: subprocess.run(["umount", "-l", str(here)], check=True))
    shutil.copytree(prepared, here, dirs_exist_ok=True)
    return here
