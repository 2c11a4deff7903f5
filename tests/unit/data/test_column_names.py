"""Raw columns may have any name, those that splitting uses for itself included."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from recmtl.artifacts.tables import read_table
from recmtl.data.folders import vocabulary_file
from recmtl.data.layout import Layout
from recmtl.data.policies import (
    GroupSplit,
    History,
    KCore,
    NegativeRate,
    RandomSplit,
    SplitConfig,
    TimeSplit,
    UserTimeSplit,
    WindowSplit,
)
from recmtl.data.split import build_split
from recmtl.schema import Schema, Task
from recmtl.testing.table_dataset import TableDataset

CLICK = (Task(name="click", kind="binary"),)


def split(out: Path, rows: pa.Table, policy: SplitConfig, layout: Layout) -> Schema:
    return build_split(TableDataset(name="made_up", rows=rows, columns=layout), policy, out, out)


def values_of(out: Path, table: str) -> list[str]:
    return read_table(out / "vocabulary" / vocabulary_file(table))["value"].to_pylist()


@pytest.mark.parametrize(
    "policy",
    [
        RandomSplit(), RandomSplit(stratify=True), RandomSplit(compat=True), GroupSplit(), TimeSplit(),
        UserTimeSplit(), WindowSplit(train_days=30, valid_days=10, test_days=10),
        RandomSplit(k_core=KCore(user=1, item=1)), RandomSplit(since="2020-09-15"),
        RandomSplit(negative_rate=NegativeRate(task="click", rate=0.9)), RandomSplit(history=History()),
    ],
    ids=str,
)  # fmt: skip
def test_columns_named_as_splitting_names_its_own(tmp_path: Path, policy: SplitConfig) -> None:
    size = 60
    names = [
        "part", "domain", "place", "dealt", "value", "rows", "raw_rows", "n", "code", "text", "bits", "given", "d0",
        "moment", "us", "largest", "is_date", "here", "back", "person", "alone", "label", "taken", "held_out",
        "core", "counted", "user", "item", "items", "before", "block", "ending", "number", "date",
    ]  # fmt: skip
    columns = {name: [f"{name} {i % 3}" for i in range(size)] for name in names}
    rows = pa.table(
        {"row": np.arange(1, size + 1), **columns, "home": ["x", "y"] * 30, "click": np.arange(size) // 2 % 2 * 1.0,
         "who": [f"u{i % 2}" for i in range(size)], "what": [f"i{i % 7}" for i in range(size)],
         "when": [str(1_600_000_000 + i * 86_400) for i in range(size)]}
    )  # fmt: skip
    keys = {"user": "who", "item": "what", "time": "when", "group": "what"}
    layout = Layout(tasks=CLICK, categorical=(*names, "what"), domain="home", keys=keys)
    schema = split(tmp_path, rows, policy, layout)
    assert schema.domains == ("x", "y")
    for name in names:
        assert sorted(values_of(tmp_path, name)) == [f"{name} {i}" for i in range(3)]


def test_a_domain_and_feature_called_domain(tmp_path: Path) -> None:
    rows = pa.table(
        {"row": range(60), "domain": ["domain 0", "domain 1", "domain 2"] * 20, "click": [0.0, 1.0, 1.0, 0.0] * 15}
    )
    same = Layout(tasks=CLICK, categorical=("domain",), domain="domain")
    assert split(tmp_path, rows, RandomSplit(), same).domains == ("domain 0", "domain 1", "domain 2")
