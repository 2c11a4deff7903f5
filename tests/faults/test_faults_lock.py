"""Real processes compete for a lock, and die holding it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from recmtl.artifacts.lock import hold
from recmtl.errors import LockedError

HOLDER = """
import pathlib, sys, time
from recmtl.artifacts.lock import hold
with hold(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
# Enters again and again; two inside at once would make the exclusive file twice.
COMPETITOR = """
import pathlib, sys, time
from recmtl.artifacts.lock import hold
from recmtl.errors import LockedError
target, inside = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[1] + ".inside")
entered = refused = 0
print("ready", flush=True)
sys.stdin.readline()
while entered < 50:
    try:
        with hold(target):
            inside.touch(exist_ok=False)
            time.sleep(0.001)
            inside.unlink()
            entered += 1
    except LockedError:
        refused += 1
print(refused)
"""


def start(code, target):
    command = [sys.executable, "-c", code, str(target)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_killed_holder_frees_the_lock_at_once(tmp_path):
    target = tmp_path / "model"
    for _ in range(3):
        with start(HOLDER, target) as holder:
            assert holder.stdout.readline() == "held\n"
            began = time.monotonic()
            with pytest.raises(LockedError) as caught, hold(target):
                pytest.fail("two processes hold one lock")
            assert time.monotonic() - began < 1
            assert f"process {holder.pid} on {os.uname().nodename}" in caught.value.message
            assert str(target) in caught.value.message
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            with hold(target):
                pass


def test_a_holder_killed_while_its_child_lives_frees_the_lock(tmp_path):
    """Workers that outlive a killed run for a while do not keep the next one out."""
    code = HOLDER.replace('    print("held"', '    import os\n    os.fork() or time.sleep(60)\n    print("held"')
    with start(code, tmp_path / "model") as holder:
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        held = False
        for _ in range(50):
            try:
                with hold(tmp_path / "model"):
                    held = True
                break
            except LockedError:
                time.sleep(0.02)
        assert held


def test_competitors_are_never_inside_together(tmp_path):
    runs = [start(COMPETITOR, tmp_path / "model") for _ in range(3)]
    assert [run.stdout.readline() for run in runs] == ["ready\n"] * 3
    for run in runs:
        run.stdin.write("go\n")
        run.stdin.flush()
    refused = [int(run.communicate(timeout=60)[0]) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert sum(refused) > 0, "they did meet"
