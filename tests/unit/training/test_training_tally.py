"""Counts of what a split did not know."""

import numpy as np
import pyarrow as pa

from recmtl.schema import CategoricalFeature, NumberFeature, Schema, SequenceFeature, Task
from recmtl.training.tally import MAX_VALUES, Tally, ValueCounts

SCHEMA = Schema(
    dataset="made_up",
    features=(
        CategoricalFeature(name="city", table="city"),
        NumberFeature(name="age", table="age", knots=(0.0, 1.0)),
        SequenceFeature(name="tags", table="tags"),
    ),
    tables={"city": 9, "age": 3, "tags": 9},
    tasks=(Task(name="click", kind="binary"),),
    domains=("a", "b"),
)


def encoded(city, age, tags):
    ids = pa.int32()
    columns = {"id:city": pa.array(city, ids), "id:age": pa.array(age, ids), "ids:tags": pa.array(tags, pa.list_(ids))}
    return pa.table({**columns, "value:age": pa.nulls(len(city), pa.float32())})


def test_counts_add_up_over_batches():
    tally = Tally(SCHEMA)
    tally.add(encoded([1, 2, 3], [1, 2, 2], [[2, 3], [], [4]]), np.array([0, 1, 1]))
    tally.add(encoded([3], [2], [[2]]), np.array([-1]))
    assert (tally.rows, dict(tally.domains)) == (4, {0: 1, 1: 2, -1: 1})
    tags, city, age = tally.features()  # the largest share first
    assert tags == {
        "feature": "tags", "kind": "sequence", "missing": 1, "missing_share": 0.25, "unseen": 2, "unseen_share": 0.5,
    }  # fmt: skip
    assert (city["missing"], city["unseen"]) == (1, 1)
    assert (age["missing"], age["unseen"]) == (1, None)  # a number unlike all others is a number all the same


def test_values_beyond_a_bound_are_counted_together():
    counts = ValueCounts()
    counts.add(pa.array([str(number) for number in range(MAX_VALUES + 5)] + ["0", None]))
    counts.add(pa.array(["0", "new"]))
    assert (counts.total, counts.others, counts.counts["0"], len(counts.counts)) == (MAX_VALUES + 8, 6, 3, MAX_VALUES)
