"""Ten times the rows take hardly more memory."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

PEAK = """
import resource, sys
from recmtl.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""
SLACK_BYTES = 200 * 2**20
"""What two blocks of rows, and what becomes of them on the way, may take beyond what few rows take."""


@pytest.fixture
def workspace(tmp_path, cli) -> Path:
    """A small model of two features."""
    chance = random.Random(0)
    rows = [f"u{chance.randrange(50)},{chance.randrange(90)},{chance.randrange(2)}" for _ in range(500)]
    (tmp_path / "clicks.csv").write_text("\n".join(["user,age,click", *rows]) + "\n")
    config = {
        "dataset": {"name": "table", "train": "clicks.csv", "tasks": [{"name": "click", "kind": "binary"}],
                    "categorical": ["user"], "numbers": ["age"]},
        "split": "random",
        "model": {"name": "shared_bottom", "bottom": [2], "tower": [], "encoder": {"embedding_dim": 2}},
        "train": {"epochs": 1},
    }  # fmt: skip
    (tmp_path / "small.json").write_text(json.dumps(config))
    for stage in ("split-domains", "train-mtl"):
        assert cli(stage, "--config", "small.json", cwd=tmp_path).code == 0
    return tmp_path


def peak(workspace: Path, rows: int) -> int:
    """Bytes that a process takes to score so many rows."""
    lines = b"".join(b"u%d,%d,more\n" % (number % 60, number % 90) for number in range(1000))
    with (workspace / "new.csv").open("wb") as file:
        file.write(b"user,age,other\n")
        file.writelines(lines for _ in range(rows // 1000))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "predict", "--input", "new.csv", "--output", "scores.parquet", "--quiet"],
        cwd=workspace, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


def test_two_million_rows(workspace):
    few, many = peak(workspace, 200_000), peak(workspace, 2_000_000)
    assert many < few + SLACK_BYTES, f"{few / 2**20:.0f} MiB and {many / 2**20:.0f} MiB"
    table = pq.read_table(workspace / "scores.parquet", columns=["score_click"])
    assert len(table) == 2_000_000
    scores = table["score_click"].to_numpy()
    assert np.array_equal(scores[:1000], scores[-1000:])  # the rows repeat, whatever piece they fell into
