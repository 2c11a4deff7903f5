"""Where the rows of a part lie is decided by the memory there is, or by the user."""

import dataclasses

import pytest
import torch

from recmtl.batch import Batch
from recmtl.data.order import as_they_lie
from recmtl.data.rows import RowsInMemory
from recmtl.data.streamed import RowsOnDisk
from recmtl.pipelines import experiment
from recmtl.pipelines.experiment import open_experiment
from recmtl.pipelines.selection import Asked, select_run
from recmtl.pipelines.workspace import Workspace


@pytest.fixture
def opened(sample_workspace):
    workspace = Workspace(sample_workspace)

    def open_with(stream):
        asked = Asked(config=str(sample_workspace / "sample.json"), data="sample")
        return open_experiment(select_run(asked, "train-mtl", workspace), workspace, stream)

    return open_with


def size_of(batch: Batch) -> int:
    tensors = [getattr(batch, field.name) for field in dataclasses.fields(Batch) if field.name != "sequences"]
    tensors += [tensor for column in batch.sequences for tensor in (column.values_L, column.offsets)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def test_rows_stay_on_disk_where_loading_them_would_take_half_of_the_memory(opened, monkeypatch):
    one = opened(None)
    needed = RowsOnDisk(one.split, one.schema, "train").needed_bytes
    monkeypatch.setattr(experiment, "available_memory", lambda: 2 * needed + 2)
    assert isinstance(one.rows("train"), RowsInMemory)
    monkeypatch.setattr(experiment, "available_memory", lambda: 2 * needed - 2)
    assert isinstance(one.rows("train"), RowsOnDisk)


def test_the_user_decides_whatever_there_is(opened, monkeypatch):
    monkeypatch.setattr(experiment, "available_memory", lambda: 0)
    assert isinstance(opened(False).rows("valid"), RowsInMemory)
    monkeypatch.setattr(experiment, "available_memory", lambda: 2**60)
    assert isinstance(opened(True).rows("valid"), RowsOnDisk)


def test_the_estimate_is_more_than_what_is_kept(opened):
    one = opened(False)
    kept = size_of(one.rows("train").batch)
    assert kept < RowsOnDisk(one.split, one.schema, "train").needed_bytes < 10 * kept


def test_both_hold_the_same_rows(opened):
    memory, disk = opened(False).rows("test"), opened(True).rows("test")
    assert len(memory) == len(disk) and memory.group_sizes == disk.group_sizes
    for mine, yours in zip(
        memory.batches(as_they_lie(memory.group_sizes), 100),
        disk.batches(as_they_lie(disk.group_sizes), 100),
        strict=True,
    ):
        assert torch.equal(mine.ids_BF, yours.ids_BF) and torch.equal(mine.domain_B, yours.domain_B)
