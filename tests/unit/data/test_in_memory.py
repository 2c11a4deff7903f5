"""Rows that never were in files are those that would have been read from them."""

import dataclasses

import numpy as np
import pyarrow as pa
import torch

from recmtl.data.database import database
from recmtl.data.in_memory import encode_rows
from recmtl.data.layout import Layout
from recmtl.data.loader import load_part
from recmtl.data.policies import PARTS, RandomSplit
from recmtl.data.split import Source, build_split, prepare
from recmtl.schema import Task
from recmtl.testing.table_dataset import TableDataset

torch.set_num_threads(1)

LAYOUT = Layout(
    tasks=(Task(name="click", kind="binary"), Task(name="paid", kind="regression")),
    categorical=("city",),
    numbers=("price",),
    sequences=("tags",),
    domain="land",
    weight="heavy",
)


def table(size: int) -> pa.Table:
    chance = np.random.default_rng(0)
    click = chance.integers(0, 2, size).astype(float)
    return pa.table(
        {
            "row": chance.permutation(size),
            "land": chance.choice(["a", "b", "c"], size, p=[0.9, 0.09, 0.01]),
            "city": pa.array(chance.choice(["x", "y", "z"], size), mask=chance.random(size) < 0.1),
            "price": pa.array(chance.random(size), mask=chance.random(size) < 0.1),
            "tags": pa.array([list("uvw")[: row % 4] for row in range(size)], pa.list_(pa.string())),
            "click": click,
            "paid": pa.array(chance.random(size), mask=click == 0),
            "heavy": chance.random(size),
        }
    )


def test_rows_in_memory_are_those_of_the_files(tmp_path):
    """With more than one row group in the largest domain."""
    rows, policy = table(40_000), RandomSplit(shares=(0.8, 0.1, 0.1))
    schema = build_split(TableDataset(name="made_up", rows=rows, columns=LAYOUT), policy, tmp_path, tmp_path)
    with database(tmp_path) as connection:
        connection.register("given", rows)
        prepared = prepare(connection, Source("made_up", LAYOUT, "SELECT * FROM given", "here"), policy, PARTS)
        parts = encode_rows(connection, prepared.encoder, "here")
    assert prepared.schema == schema and set(parts) == set(PARTS)
    assert len(parts["train"].group_sizes) > len(schema.domains)
    for part, found in parts.items():
        read = load_part(tmp_path, schema, part)
        assert found.group_sizes == read.group_sizes and prepared.counts[part] == len(read)
        for field in dataclasses.fields(read.batch):
            ours, theirs = getattr(found.batch, field.name), getattr(read.batch, field.name)
            if field.name == "sequences":
                assert all(torch.equal(a.values_L, b.values_L) for a, b in zip(ours, theirs, strict=True))
                assert all(torch.equal(a.offsets, b.offsets) for a, b in zip(ours, theirs, strict=True))
            else:
                assert torch.equal(ours.nan_to_num(-1), theirs.nan_to_num(-1)), field.name
