"""Commands that are stopped, that write into full or closed streams, or in folders that may only be read."""

import signal
import subprocess
import sys
import time

import pytest


def test_ctrl_c_says_so_and_leaves_nothing_half_made(workspace):
    """In the stages that have no checkpoint: 130, one line, JSON when asked for."""
    running = subprocess.Popen(
        [sys.executable, "-c",
         "import os, signal, time\n"
         "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it
         "from recmtl.cli.main import main\n"
         "from recmtl.pipelines import evaluate\n"
         "def stopped(*_): os.kill(os.getpid(), signal.SIGINT), time.sleep(60)\n"
         "evaluate.cells = stopped\n"
         "main(['evaluate', '--part', 'all', '--json'])"],
        cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert '"code": 130' in out and "stopped by SIGINT" in err and "Traceback" not in err
    assert not (workspace / "runs/sample/.scorecard.partial").exists()


def test_sigterm_in_a_stage_without_checkpoints_is_swept_by_the_next_start(workspace, recmtl):
    running = subprocess.Popen(
        [sys.executable, "-m", "recmtl", "split-domains", "--config", "sample.json", "--set", "split.seed=8"],
        cwd=workspace, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 30
    while not (workspace / "data/.sample.partial").exists() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=30) in (-signal.SIGTERM, 0)
    ran = recmtl("split-domains", "--config", "sample.json", "--set", "split.seed=8", cwd=workspace)
    assert ran.code == 0
    assert not (workspace / "data/.sample.partial").exists()


def test_what_is_done_can_be_asked_for_in_a_folder_that_may_only_be_read(workspace, cli):
    (workspace / ".recmtl/hashes.json").unlink()
    (workspace / ".recmtl").rmdir()
    (workspace / ".recmtl").write_text("")  # root may write everywhere: a file in the way does the same
    assert "done already" in cli("evaluate", "--dry-run", cwd=workspace).out


@pytest.mark.parametrize(
    ("streams", "code", "says"),
    [
        (">/dev/full", 5, "no space left on device"),
        (">/dev/full 2>/dev/full", 5, ""),
        (">&-", 0, "scoring"),
        ("2>&-", 0, ""),
        ("| head -c 1 >/dev/null", 0, "scoring"),
    ],
)
def test_streams_that_take_nothing(streams, code, says, workspace):
    command = f"set -o pipefail; {sys.executable} -m recmtl evaluate --part valid --json {streams}"
    done = subprocess.run(["bash", "-c", command], cwd=workspace, stderr=subprocess.PIPE, text=True)
    assert done.returncode == code, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_a_stream_that_cannot_write_a_character_writes_its_number(workspace, recmtl):
    ran = recmtl("train-mtl", "--data", "数", cwd=workspace, env={"PYTHONIOENCODING": "ascii"})
    assert ran.code == 5
    assert "data/\\u6570 is not there" in ran.err
