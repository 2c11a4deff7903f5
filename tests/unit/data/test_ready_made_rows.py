"""Test rows that a data set brings."""

from pathlib import Path

import pyarrow as pa

from recmtl.artifacts.progress import Silent
from recmtl.data.layout import Layout
from recmtl.data.policies import FilesSplit, RandomSplit
from recmtl.data.split import build_split
from recmtl.schema import Task
from recmtl.testing.table_dataset import TableDataset


class Said(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, message: str) -> None:
        self.lines.append(message)


def test_test_rows_that_are_dealt_like_all_others_are_told(tmp_path: Path) -> None:
    layout, said = Layout(tasks=(Task(name="click", kind="binary"),), categorical=("c",), ready_made=True), Said()
    rows = pa.table(
        {"row": range(60), "c": ["a", "b"] * 30, "click": [0.0, 1.0, 1.0] * 20, "part": ["train", "test"] * 30}
    )
    for policy, warnings in ((RandomSplit(), 1), (FilesSplit(), 0)):
        out = tmp_path / policy.name
        out.mkdir()
        build_split(TableDataset(name="made_up", rows=rows, columns=layout), policy, out, out, said)
        assert sum("brings test rows of its own" in line for line in said.lines) == warnings
        said.lines.clear()
