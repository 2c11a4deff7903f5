"""Stages that are stopped, killed, locked out, or given damaged inputs."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recmtl.artifacts.lock import hold

ROOT = Path(__file__).parent.parent.parent
# slow enough to be caught in the middle, small enough for a test
SLOW = ("--set", "train.batch_size=32", "--set", "train.epochs=4", "--set", "train.patience=9", "--quiet")


def start(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "recmtl", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, pattern: str, running: subprocess.Popen[str], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not list(path.glob(pattern)):
        assert running.poll() is None, f"ended before {pattern} was there: {running.communicate()}"
        assert time.monotonic() < end, f"{pattern} never came"
        time.sleep(0.005)


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name != "manifest.json"
    }


@pytest.fixture(scope="module")
def unbroken(sample_workspace, tmp_path_factory, recmtl) -> Path:
    """A workspace where the slow training and the slow search ran through."""
    workspace = Path(shutil.copytree(sample_workspace, tmp_path_factory.mktemp("unbroken") / "workspace"))
    assert recmtl("train-mtl", *SLOW, cwd=workspace).code == 0
    assert recmtl("prune-single", "--task", "click", *SLOW, cwd=workspace).code == 0
    return workspace


def test_sigterm_ends_training_with_143_and_the_same_command_ends_in_the_same_bytes(workspace, unbroken, recmtl):
    before = content(workspace / "runs/sample/model")
    running = start("train-mtl", *SLOW, cwd=workspace)
    wait_for(workspace / "runs/sample", ".model.partial/.training.pt", running)
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 143, err
    assert "stopped by SIGTERM" in err and "goes on from the last checkpoint" in err
    assert content(workspace / "runs/sample/model") == before  # the older result is still whole

    ran = recmtl("train-mtl", *[word for word in SLOW if word != "--quiet"], cwd=workspace)
    assert ran.code == 0
    assert "going on after epoch" in ran.err
    assert content(workspace / "runs/sample/model") == content(unbroken / "runs/sample/model")
    assert not (workspace / "runs/sample/.model.partial").exists()


@pytest.mark.parametrize("stage", [("train-mtl",), ("prune-single", "--task", "click")])
def test_kill_9_at_many_moments_ends_in_the_same_bytes(stage, workspace, unbroken, recmtl):
    """Whenever it is killed, the next start goes on; the clock of the kills does not matter to the result."""
    kills = 0
    for wait in (2.2, 2.6, 3.0, 3.4):
        running = start(*stage, *SLOW, cwd=workspace)
        try:
            running.wait(timeout=wait)
            break
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()
            kills += 1
    ran = recmtl(*stage, *SLOW, cwd=workspace)
    assert ran.code == 0, ran.err
    assert kills > 0
    folder = "runs/sample/model" if stage[0] == "train-mtl" else "runs/sample/tickets/click"
    assert content(workspace / folder) == content(unbroken / folder)


def test_a_checkpoint_cut_short_is_refused_and_the_same_command_begins_anew(workspace, unbroken, recmtl):
    running = start("train-mtl", *SLOW, cwd=workspace)
    wait_for(workspace / "runs/sample", ".model.partial/.training.pt", running)
    running.kill()
    running.communicate()
    checkpoint = workspace / "runs/sample/.model.partial/.training.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    ran = recmtl("train-mtl", *SLOW, cwd=workspace)
    assert ran.code == 6
    assert ".training.pt is damaged" in ran.err and "the same command begins anew" in ran.err
    assert recmtl("train-mtl", *SLOW, cwd=workspace).code == 0
    assert content(workspace / "runs/sample/model") == content(unbroken / "runs/sample/model")


def test_another_config_does_not_go_on_from_what_was_left(workspace, recmtl):
    running = start("train-mtl", *SLOW, cwd=workspace)
    wait_for(workspace / "runs/sample", ".model.partial/.training.pt", running)
    running.kill()
    running.communicate()
    ran = recmtl("train-mtl", "--set", "train.epochs=1", cwd=workspace)
    assert ran.code == 0
    assert "going on" not in ran.err


def test_a_refused_command_leaves_what_a_killed_training_can_go_on_from(workspace, cli, recmtl):
    running = start("train-mtl", *SLOW, cwd=workspace)
    checkpoint = workspace / "runs/sample/.model.partial/.training.pt"
    wait_for(workspace / "runs/sample", ".model.partial/.training.pt", running)
    running.kill()
    running.communicate()
    before = checkpoint.read_bytes()
    refused = cli("train-mtl", "--sample", "--set", 'model={"name": "mmoe", "num_experts": 3}', cwd=workspace)
    assert refused.code == 6, refused.err
    assert checkpoint.read_bytes() == before
    assert "going on after epoch" in recmtl("train-mtl", *[w for w in SLOW if w != "--quiet"], cwd=workspace).err


def test_a_second_run_on_the_same_target_exits_75(workspace, cli):
    with hold(workspace / "runs/sample/model"):
        ran = cli("train-mtl", "--set", "train.epochs=1", cwd=workspace)
        assert ran.code == 75
        assert f"process {os.getpid()}" in ran.err
        assert cli("evaluate", "--part", "valid", cwd=workspace).code == 0  # another target is free
    assert cli("train-mtl", "--set", "train.epochs=1", cwd=workspace).code == 0


def test_two_real_runs_at_once_one_wins(workspace):
    first = start("train-mtl", *SLOW, cwd=workspace)
    wait_for(workspace / "runs/sample", ".model.partial", first)
    second = start("train-mtl", *SLOW, cwd=workspace)
    second.communicate(timeout=60)
    first.communicate(timeout=120)
    assert (first.returncode, second.returncode) == (0, 75)


@pytest.mark.parametrize(
    ("damaged", "words"),
    [
        ("data/sample/train/domain=trending/part-0.parquet", ("train-mtl", "--set", "train.epochs=1")),
        ("data/sample/schema.json", ("prune-single", "--task", "click", "--set", "train.epochs=1")),
        ("runs/sample/model/best.pt", ("evaluate", "--part", "valid")),
        ("runs/sample/tickets/click/ticket.pt", ("train-mtl", "--set", "train.epochs=1")),
    ],
)
def test_one_flipped_bit_in_an_input_is_found(damaged, words, workspace, cli):
    path = workspace / damaged
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    ran = cli(*words, cwd=workspace)
    assert ran.code == 6
    assert str(path.relative_to(workspace)) in ran.err


def test_a_damaged_result_is_made_again(workspace, cli):
    path = workspace / "runs/sample/scorecard/scorecard.json"
    good = path.read_text()
    path.write_text(good[:-20])
    assert "scorecard.json is damaged" in cli("evaluate", "--dry-run", cwd=workspace).out
    assert "evaluate: done:" in cli("evaluate", cwd=workspace).out
    assert path.read_text() == good


def test_a_split_made_anew_makes_the_stages_after_it_run_again(workspace, cli):
    assert "done already" in cli("evaluate", cwd=workspace).out
    assert cli("split-domains", "--sample", "--set", "split.seed=1", cwd=workspace).code == 0
    assert "input split changed" in cli("train-mtl", "--dry-run", cwd=workspace).out
    assert "input split changed" in cli("evaluate", "--dry-run", cwd=workspace).out


def test_no_manifest_no_artefact(workspace, cli):
    (workspace / "data/sample/manifest.json").unlink()
    ran = cli("prune-single", "--task", "0", "--data", "sample", cwd=workspace)
    assert ran.code == 5
    assert "data/sample holds no manifest.json" in ran.err
    # it might as well be the user's own folder: it is not replaced
    assert cli("split-domains", "--sample", cwd=workspace).code == 2
    (workspace / "data/sample").rename(workspace / "elsewhere")
    assert "split-domains: done:" in cli("split-domains", "--sample", cwd=workspace).out
    assert "done already" in cli("train-mtl", cwd=workspace).out  # the same split again: nothing after it is stale
