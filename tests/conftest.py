"""What all tests share: one thread, the real data if it is there, a command line in a process of its own."""

import os
from pathlib import Path

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
