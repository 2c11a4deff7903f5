"""A part of a split as tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recmtl.artifacts.tables import ROW_GROUP_ROWS, read_row_groups, read_table, row_group_sizes
from recmtl.batch import Batch
from recmtl.data.ahead import ahead_of
from recmtl.data.filled import FilledBatch
from recmtl.data.folders import domain_folder
from recmtl.data.order import GROUPS_TOGETHER
from recmtl.data.rows import RowsInMemory
from recmtl.errors import DamagedError
from recmtl.schema import WEIGHT, Schema


def part_files(split: Path, schema: Schema, part: str) -> list[tuple[int, Path]]:
    """(index of the domain, file) of a part, in the order of its rows; a domain without rows has no file.

    Raises:
        DamagedError: there is no file at all.
    """
    files = [
        (index, path)
        for index, domain in enumerate(schema.domains)
        for path in sorted((split / part / domain_folder(domain)).glob("part-*.parquet"))
    ]
    if not files:
        raise DamagedError(f"{split / part} holds no rows.", hint="Run split-domains again.")
    return files


@dataclass(frozen=True)
class RowGroup:
    """Rows that are read together."""

    domain: int
    path: Path
    place: int
    """Among the row groups of the file."""
    rows: int


def row_groups(split: Path, schema: Schema, part: str) -> list[RowGroup]:
    """All of a part, in the order of its rows. Errors as in `part_files`, and if a file is damaged."""
    return [
        RowGroup(domain, path, place, size)
        for domain, path in part_files(split, schema, part)
        for place, size in enumerate(row_group_sizes(path))
    ]


def load_part(split: Path, schema: Schema, part: str) -> RowsInMemory:
    """Read a part of the split at `split`.

    Raises:
        DamagedError: a file is damaged, or an id is outside its table.
    """
    groups = row_groups(split, schema, part)
    return RowsInMemory(load_groups(groups, schema), tuple(group.rows for group in groups))


def load_groups(groups: Sequence[RowGroup], schema: Schema) -> Batch:
    """The rows of some row groups, one after the other, decoded by as many threads as there are cores.

    Raises:
        DamagedError: a file is damaged, or an id is outside its table.
    """
    ends = list(accumulate(group.rows for group in groups))
    filled, columns = FilledBatch(schema, sum(group.rows for group in groups)), columns_of(schema)

    def fill(run: Sequence[tuple[RowGroup, int]]) -> None:
        """Groups of one file, and where each one ends."""
        tables = read_row_groups(run[0][0].path, [group.place for group, _ in run], columns)
        for (group, end), table in zip(run, tables, strict=True):
            filled.fill(end - group.rows, table, group.domain, group.path)

    for _ in ahead_of(fill, _runs(groups, ends)):
        pass
    return filled.batch()


def _runs(groups: Sequence[RowGroup], ends: Sequence[int]) -> Iterator[list[tuple[RowGroup, int]]]:
    """Each group and where it ends, those of one file together as they lie in it, some at a time."""
    placed = sorted(zip(groups, ends, strict=True), key=lambda item: (item[0].path, item[0].place))
    for _, of_file in groupby(placed, key=lambda item: item[0].path):
        run = list(of_file)
        yield from (run[start : start + GROUPS_TOGETHER] for start in range(0, len(run), GROUPS_TOGETHER))


def columns_of(schema: Schema) -> list[str]:
    """The columns that a batch is made of."""
    columns = [f.column for f in schema.features] + [n.value_column for n in schema.numbers]
    return columns + [t.column for t in schema.tasks] + ([WEIGHT] if schema.weighted else [])


def to_batch(table: pa.Table, schema: Schema, domain_B: NDArray[np.int64], source: Path) -> Batch:
    """Encoded columns as tensors. A task without a column is observed in no row, as in rows to predict.

    Raises:
        DamagedError: an id is outside its table; names `source`.
    """
    filled = FilledBatch(schema, len(table))
    for start in range(0, len(table), ROW_GROUP_ROWS):
        domain_of_few = domain_B[start : start + ROW_GROUP_ROWS]
        filled.fill(start, table.slice(start, ROW_GROUP_ROWS), domain_of_few, source)
    return filled.batch()


def domain_of_rows(split: Path, schema: Schema, part: str) -> NDArray[np.int64]:
    """The index of each row's domain, row for row as in `load_part`."""
    files = part_files(split, schema, part)
    return np.repeat([index for index, _ in files], [sum(row_group_sizes(path)) for _, path in files])


def load_columns(split: Path, schema: Schema, part: str, columns: list[str]) -> pa.Table:
    """Other columns of a part (keys, scores), row for row as in `load_part`."""
    return pa.concat_tables([read_table(path, columns) for _, path in part_files(split, schema, part)])
