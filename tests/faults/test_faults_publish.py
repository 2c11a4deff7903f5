"""SIGKILL before every call that touches the disk: afterwards the old or the new is there, whole."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recmtl.artifacts import atomic

OLD = {"best.pt": "old weights", "part/rows": "old rows", "manifest.json": "old"}
NEW = {"best.pt": "new weights", "part/rows": "new rows", "part/more": "rows", "manifest.json": "new"}

# Counts the calls that change the disk and dies at the n-th, in the middle of it if it is a write.
CHILD = """
import os, signal, sys
from pathlib import Path
from recmtl.artifacts import atomic

folder, scenario, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(call):
    def wrapper(*arguments, **options):
        step()
        return call(*arguments, **options)
    return wrapper

class Torn:
    def __init__(self, file):
        self.file = file
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.file.close()
    def flush(self):
        self.file.flush()
    def write(self, data):
        self.file.write(data[:len(data) // 2])
        self.file.flush()
        step()
        self.file.write(data[len(data) // 2:])

fdopen = os.fdopen
os.fdopen = lambda *arguments: Torn(fdopen(*arguments))
for name in ("open", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir"):
    setattr(os, name, counted(getattr(os, name)))
atomic.exchange = counted(atomic.exchange) if scenario != "two steps" else lambda one, other: False

if scenario == "file":
    atomic.write_text(folder / "model" / "best.pt", "new weights")
else:
    atomic.publish(folder / ".train.partial", folder / "model")
"""


def make(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def hidden(folder: Path) -> list[Path]:
    return list(folder.rglob(".recmtl-*"))


def killed(folder: Path, scenario: str, step: int) -> bool:
    """Run the child to its n-th call; False if it had come to its end before."""
    code = subprocess.run([sys.executable, "-c", CHILD, folder, scenario, str(step)]).returncode
    assert code in (0, -signal.SIGKILL)
    return code != 0


@pytest.mark.parametrize("scenario", ["exchange", "two steps", "first"])
def test_a_published_folder_survives_a_kill_anywhere(tmp_path, scenario):
    before = None if scenario == "first" else OLD
    seen = []
    for step in range(1, 200):
        folder = tmp_path / str(step)
        target, partial = folder / "model", folder / ".train.partial"
        make(target, before or {})
        make(partial, NEW)
        alive = not killed(folder, scenario, step)

        if scenario == "exchange":
            assert found(target) in (OLD, NEW), "whole at every instant, before any sweep"
        atomic.remove_leftovers(folder)
        after = found(target) if target.exists() else None
        assert after in (before, NEW)
        assert not hidden(folder)
        # what is left of the work is whole as well, and can be published or thrown away
        assert not partial.exists() or found(partial) in (OLD, NEW)
        seen.append(after)
        if alive:
            break
    assert seen[-1] == NEW
    assert not partial.exists()
    assert seen[0] == before
    assert seen == sorted(seen, key=lambda state: state == NEW), "once published, never lost"
    assert len(seen) > 10, "the child was killed at many places"


def test_a_file_survives_a_kill_anywhere(tmp_path):
    seen = []
    for step in range(1, 50):
        folder = tmp_path / str(step)
        make(folder / "model", OLD)
        alive = not killed(folder, "file", step)
        text = (folder / "model" / "best.pt").read_text()
        assert text in ("old weights", "new weights")
        atomic.remove_leftovers(folder / "model")
        assert found(folder / "model") == {**OLD, "best.pt": text}
        seen.append(text)
        if alive:
            break
    assert seen[-1] == "new weights"
    assert len(seen) > 4


def test_work_that_was_killed_is_published_by_the_next_run(tmp_path):
    """From any point of a killed publication, running on reaches the new result."""
    for step in (1, 5, 9, 13):
        folder = tmp_path / str(step)
        make(folder / "model", OLD)
        make(folder / ".train.partial", NEW)
        assert killed(folder, "exchange", step)
        atomic.remove_leftovers(folder)
        if found(folder / "model") != NEW:
            atomic.publish(folder / ".train.partial", folder / "model")
        assert found(folder / "model") == NEW
