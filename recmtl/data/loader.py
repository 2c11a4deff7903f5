"""A part of a split as tensors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from recmtl.artifacts.tables import read_table, row_group_sizes
from recmtl.batch import Batch, Ragged
from recmtl.data.folders import domain_folder
from recmtl.errors import DamagedError
from recmtl.schema import PADDING, Schema


@dataclass(frozen=True)
class Rows:
    """All rows of a part, domain after domain."""

    batch: Batch
    group_sizes: tuple[int, ...]
    """Rows of each row group of the files, in the same order."""

    def __len__(self) -> int:
        return len(self.batch)


def part_files(split: Path, schema: Schema, part: str) -> list[tuple[int, Path]]:
    """(index of the domain, file) of a part, in the order of its rows; a domain without rows has no file."""
    return [
        (index, path)
        for index, domain in enumerate(schema.domains)
        for path in sorted((split / part / domain_folder(domain)).glob("part-*.parquet"))
    ]


def load_part(split: Path, schema: Schema, part: str) -> Rows:
    """Read a part of the split at `split`.

    Raises:
        DamagedError: a file is damaged, or an id is outside its table.
    """
    files = part_files(split, schema, part)
    if not files:
        raise DamagedError(f"{split / part} holds no rows.", hint="Run split-domains again.")
    columns = (
        [f.column for f in schema.features]
        + [n.value_column for n in schema.numbers]
        + [t.column for t in schema.tasks]
    )
    tables = [read_table(path, columns) for _, path in files]
    table = pa.concat_tables(tables)
    domain_B = torch.from_numpy(np.repeat([index for index, _ in files], [len(t) for t in tables]))
    labels = [_floats(table[task.column]) for task in schema.tasks]
    labels_BT = _stack(labels, len(table), torch.float32)
    batch = Batch(
        ids_BF=_stack(
            [_ids(table, f.column, schema.tables[f.table], split) for f in schema.singles], len(table), torch.int32
        ),
        numbers_BN=_stack([_floats(table[n.value_column]) for n in schema.numbers], len(table), torch.float32),
        sequences=tuple(_ragged(table, f.column, schema.tables[f.table], split) for f in schema.sequences),
        labels_BT=labels_BT.nan_to_num(),
        observed_BT=~labels_BT.isnan(),
        domain_B=domain_B,
    )
    return Rows(batch, tuple(size for _, path in files for size in row_group_sizes(path)))


def load_columns(split: Path, schema: Schema, part: str, columns: list[str]) -> pa.Table:
    """Other columns of a part (keys, scores), row for row as in `load_part`."""
    return pa.concat_tables([read_table(path, columns) for _, path in part_files(split, schema, part)])


def _floats(column: pa.ChunkedArray) -> Tensor:
    """float32, NaN where null."""
    return torch.from_numpy(np.array(column.to_numpy(), dtype=np.float32))


def _ids(table: pa.Table, column: str, rows: int, split: Path) -> Tensor:
    return _checked(np.array(table[column].fill_null(PADDING).to_numpy(), dtype=np.int32), column, rows, split)


def _ragged(table: pa.Table, column: str, rows: int, split: Path) -> Ragged:
    lists = table[column].combine_chunks()
    lists = pa.concat_arrays(lists.chunks) if isinstance(lists, pa.ChunkedArray) else lists
    offsets = np.array(lists.offsets.to_numpy(), dtype=np.int64)
    values = np.array(lists.flatten().fill_null(PADDING).to_numpy(zero_copy_only=False), dtype=np.int32)
    return Ragged(_checked(values, column, rows, split), torch.from_numpy(offsets - offsets[0]))


def _checked(ids: np.ndarray, column: str, rows: int, split: Path) -> Tensor:
    # an id outside its table would read another feature's vector, in silence; padding and null belong in no file
    if len(ids) and (ids.min() <= PADDING or ids.max() >= rows):
        raise DamagedError(
            f"{split}: column {column} holds ids outside its table of {rows} rows.", hint="Run split-domains again."
        )
    return torch.from_numpy(ids)


def _stack(columns: list[Tensor], rows: int, dtype: torch.dtype) -> Tensor:
    return torch.stack(columns, dim=1) if columns else torch.empty(rows, 0, dtype=dtype)
