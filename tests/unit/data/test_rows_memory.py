"""How much memory rows take, measured in a process of its own: as much as is said, and two windows where they stay on
disk.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from recmtl.artifacts.tables import ROW_GROUP_ROWS, TableWriter
from recmtl.data.folders import domain_folder
from recmtl.data.schema_file import load_schema, save_schema
from recmtl.data.streamed import RowsOnDisk
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, Task

NAMES = [f"c{i}" for i in range(40)]
GROUPS = 96
SCHEMA = Schema(
    dataset="rows",
    features=tuple(CategoricalFeature(name=name, table="all") for name in NAMES),
    tables={"all": FIRST_ID + 100},
    tasks=(Task(name="click", kind="binary"),),
    domains=("a",),
)
GROWTH = '''
import sys
from pathlib import Path
from recmtl.data.loader import load_part
from recmtl.data.order import shuffled
from recmtl.data.schema_file import load_schema
from recmtl.data.streamed import RowsOnDisk
split, way = Path(sys.argv[1]), sys.argv[2]
schema = load_schema(split)
def peak():
    """Not that of resource: it begins with what the parent had when this process was made."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024
load_part(split, schema, "valid")
before = peak()
if way == "memory":
    rows = load_part(split, schema, "train")
else:
    rows = RowsOnDisk(split, schema, "train")
    assert sum(map(len, rows.batches(shuffled(rows.group_sizes, 8, 0, 0), 1024))) == len(rows)
print(peak() - before)
'''
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells a process's peak there"
)


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    save_schema(SCHEMA, folder)
    chance = np.random.default_rng(0)
    for part, groups in (("train", GROUPS), ("valid", 4)):
        path = folder / part / domain_folder("a") / "part-0.parquet"
        path.parent.mkdir(parents=True)
        columns = {f"id:{name}": chance.integers(FIRST_ID, 99, ROW_GROUP_ROWS, np.int32) for name in NAMES}
        table = pa.table({**columns, "label:click": np.ones(ROW_GROUP_ROWS, np.float32)})
        with TableWriter(path, table.schema) as writer:
            for _ in range(groups):
                writer.write(table)
    return folder


def growth(split: Path, way: str) -> int:
    done = subprocess.run([sys.executable, "-c", GROWTH, str(split), way], check=True, capture_output=True, text=True)
    return int(done.stdout)


def test_loading_takes_little_more_than_is_said(split):
    needed = RowsOnDisk(split, load_schema(split), "train").needed_bytes
    assert needed > 250e6
    assert 0.9 * needed < growth(split, "memory") < 1.3 * needed


def test_rows_on_disk_take_two_windows(split):
    window = RowsOnDisk(split, load_schema(split), "train").needed_bytes * 8 // GROUPS
    assert growth(split, "disk") < 2 * window + 50e6
