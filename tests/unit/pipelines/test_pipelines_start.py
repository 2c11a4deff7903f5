"""A training starts without what it does not need: each of these packages takes as long as reading a million rows."""

import subprocess
import sys

PROGRAM = """
import sys
from recmtl.cli.main import main
try:
    main([*sys.argv[1:], "--quiet"])
finally:
    print(sorted({"duckdb", "pandas", "sklearn", "torch._dynamo", "sympy"} & set(sys.modules)))
"""


def train(workspace, *words):
    command = [sys.executable, "-c", PROGRAM, "train-mtl", "--config", "sample.json", "--set", "train.epochs=1", *words]
    return subprocess.run(command, cwd=workspace, capture_output=True, text=True)


def test_training_on_a_split_of_its_own_config_imports_no_more_than_it_needs(workspace):
    done = train(workspace, "--data", "sample")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "[]"), done.stderr


def test_a_config_that_would_split_in_another_way_is_still_told(workspace):
    text = (workspace / "sample.json").read_text()
    (workspace / "sample.json").write_text(text.replace('"min_count": 3', '"min_count": 4'))
    command = [sys.executable, "-m", "recmtl", "train-mtl", "--config", "sample.json", "--data", "sample", "--dry-run"]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True)
    assert done.returncode == 0 and "other settings than the config has in 'split'" in done.stderr
