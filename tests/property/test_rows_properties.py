"""Rows in memory and on disk give the same batches, whatever the domains, groups, windows and batch sizes."""

import tempfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recmtl.artifacts.tables import TableWriter
from recmtl.batch import Batch, concat
from recmtl.data.folders import domain_folder
from recmtl.data.loader import load_part
from recmtl.data.order import as_they_lie, shuffled
from recmtl.data.rows import Piece, cut
from recmtl.data.streamed import RowsOnDisk
from recmtl.schema import FIRST_ID, WEIGHT, CategoricalFeature, NumberFeature, Schema, SequenceFeature, Task

SCHEMA = Schema(
    dataset="rows",
    features=(
        CategoricalFeature(name="item", table="item"),
        NumberFeature(name="price", table="price", knots=(0.0, 1.0)),
        SequenceFeature(name="history", table="item"),
    ),
    tables={"item": FIRST_ID + 5, "price": FIRST_ID},
    tasks=(Task(name="click", kind="binary"), Task(name="buy", kind="binary")),
    domains=("a", "b", "c"),
    weighted=True,
)
GROUP = 4
SIZES = st.lists(st.integers(0, 11), min_size=3, max_size=3).filter(any)
QUICK = settings(deadline=None, max_examples=60)


def write(folder: Path, sizes: list[int]) -> None:
    """Rows whose every value tells them apart, or is null."""
    chance = np.random.default_rng(0)
    for domain, size in zip(SCHEMA.domains, sizes, strict=True):
        if not size:
            continue
        table = pa.table(
            {
                "id:item": pa.array(chance.integers(1, 8, size), pa.int32()),
                "id:price": pa.array(chance.integers(1, 3, size), pa.int32()),
                "value:price": pa.array([None if x < 0.3 else x for x in chance.random(size)], pa.float32()),
                "ids:history": pa.array(
                    [chance.integers(1, 8, n).tolist() for n in chance.integers(0, 4, size)], pa.list_(pa.int32())
                ),
                "label:click": pa.array(chance.integers(0, 2, size), pa.float32()),
                "label:buy": pa.array([None if x < 0.5 else float(x > 0.7) for x in chance.random(size)], pa.float32()),
                WEIGHT: pa.array(chance.random(size), pa.float32()),
            }
        )
        path = folder / "train" / domain_folder(domain) / "part-0.parquet"
        path.parent.mkdir(parents=True)
        with TableWriter(path, table.schema, row_group_rows=GROUP) as writer:
            writer.write(table)


def assert_equal(one: Batch, other: Batch) -> None:
    for field in fields(Batch):
        mine, yours = getattr(one, field.name), getattr(other, field.name)
        if field.name == "sequences":
            for a, b in zip(mine, yours, strict=True):
                assert torch.equal(a.values_L, b.values_L) and torch.equal(a.offsets, b.offsets)
        else:
            assert torch.equal(mine.nan_to_num(-1), yours.nan_to_num(-1)) and mine.dtype == yours.dtype, field.name


@QUICK
@given(SIZES, st.integers(1, 12), st.integers(1, 9), st.integers(0, 12), st.integers(0, 3))
def test_the_same_batches_from_memory_and_from_disk(sizes, window, size, skipped, epoch):
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), sizes)
        memory, disk = load_part(Path(name), SCHEMA, "train"), RowsOnDisk(Path(name), SCHEMA, "train")
        assert len(memory) == len(disk) == sum(sizes) and memory.group_sizes == disk.group_sizes
        for windows in (lambda: shuffled(memory.group_sizes, window, 7, epoch), lambda: as_they_lie(disk.group_sizes)):
            mine = list(memory.batches(windows(), size, skip=skipped * size))
            yours = list(disk.batches(windows(), size, skip=skipped * size))
            assert list(map(len, mine)) == list(map(len, yours))
            for one, other in zip(mine, yours, strict=True):
                assert_equal(one, other)
            whole = list(memory.batches(windows(), size))
            assert list(map(len, mine)) == list(map(len, whole[skipped:])), "what is skipped are whole batches"
            for one, other in zip(mine, whole[skipped:], strict=True):
                assert_equal(one, other)


@QUICK
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any), st.integers(1, 12))
def test_cutting_pieces_keeps_every_row_in_its_place(lengths, size):
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), [sum(lengths), 0, 0])
        batch = load_part(Path(name), SCHEMA, "train").batch
    pieces = [batch.take(index_B) for index_B in torch.arange(len(batch)).split(lengths)]
    found = list(cut(map(Piece, pieces), size))
    assert [len(one) for one in found[:-1]] == [size] * (len(found) - 1) and 0 < len(found[-1]) <= size
    assert_equal(concat(found), batch)
