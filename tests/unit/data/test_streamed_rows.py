"""Rows on disk are read ahead in threads: their errors come up, and none outlives its reader."""

import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from recmtl.artifacts.tables import TableWriter
from recmtl.data.folders import domain_folder
from recmtl.data.order import as_they_lie, shuffled
from recmtl.data.streamed import RowsOnDisk
from recmtl.errors import DamagedError, Interrupted
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, Task

GROUP, GROUPS = 10, 40
SCHEMA = Schema(
    dataset="rows",
    features=(CategoricalFeature(name="item", table="item"),),
    tables={"item": FIRST_ID + GROUP * GROUPS},
    tasks=(Task(name="click", kind="binary"),),
    domains=("a",),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train" / domain_folder("a") / "part-0.parquet"
    path.parent.mkdir(parents=True)
    write(path, np.arange(FIRST_ID, FIRST_ID + GROUP * GROUPS))
    return path


def write(path: Path, ids: np.ndarray) -> None:
    table = pa.table({"id:item": pa.array(ids, pa.int32()), "label:click": pa.array(ids % 2, pa.float32())})
    with TableWriter(path, table.schema, row_group_rows=GROUP) as writer:
        writer.write(table)


@pytest.fixture
def rows(file: Path, tmp_path: Path) -> RowsOnDisk:
    return RowsOnDisk(tmp_path, SCHEMA, "train")


def soon(holds):
    """Whether it does within some seconds: other tests' threads come and go."""
    return any(holds() or time.sleep(0.05) for _ in range(200))


def test_a_reader_that_is_interrupted_leaves_no_thread(rows):
    before = threading.active_count()
    with pytest.raises(Interrupted):
        for _ in rows.batches(shuffled(rows.group_sizes, 4, 0, 0), 7):
            raise Interrupted(2, "stopped.")
    assert soon(lambda: threading.active_count() <= before)


def test_no_thread_is_left_when_all_is_read(rows):
    before = threading.active_count()
    assert sum(map(len, rows.batches(shuffled(rows.group_sizes, 4, 0, 0), 7))) == len(rows) == GROUP * GROUPS
    assert soon(lambda: threading.active_count() <= before)


def test_a_bad_window_is_refused_when_its_turn_comes_and_its_file_is_named(rows, file):
    ids = np.arange(FIRST_ID, FIRST_ID + GROUP * GROUPS)
    ids[-1] = 10**6
    write(file, ids)
    before, found = threading.active_count(), []
    with pytest.raises(DamagedError, match=r"part-0\.parquet: column id:item holds ids outside its table"):
        for batch in rows.batches(as_they_lie(rows.group_sizes), GROUP):
            found.append(batch)
    assert torch.cat([batch.ids_BF for batch in found]).flatten().tolist() == list(range(FIRST_ID, FIRST_ID + 320))
    assert soon(lambda: threading.active_count() <= before)


def test_a_file_that_is_spoiled_meanwhile_is_named(rows, file):
    batches = rows.batches(shuffled(rows.group_sizes, 1, 0, 0), GROUP)
    next(batches)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DamagedError, match=r"part-0\.parquet is damaged"):
        list(batches)


def test_the_estimate_of_memory_is_that_of_the_tensors(rows):
    batch = next(rows.batches(as_they_lie(rows.group_sizes), len(rows)))
    tensors = (batch.ids_BF, batch.numbers_BN, batch.labels_BT, batch.observed_BT, batch.domain_B, batch.weight_B)
    assert rows.needed_bytes == sum(tensor.numel() * tensor.element_size() for tensor in tensors)
