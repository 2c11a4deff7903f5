"""A part of a split as tensors."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from recmtl.artifacts.tables import read_table, row_group_sizes
from recmtl.batch import Batch, Ragged
from recmtl.data.folders import domain_folder
from recmtl.data.plain_values import plain_values
from recmtl.data.rows import RowsInMemory
from recmtl.errors import DamagedError
from recmtl.schema import PADDING, WEIGHT, Schema


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


def load_part(split: Path, schema: Schema, part: str) -> RowsInMemory:
    """Read a part of the split at `split`.

    Raises:
        DamagedError: a file is damaged, or an id is outside its table.
    """
    files = part_files(split, schema, part)
    tables = [read_table(path, columns_of(schema)) for _, path in files]
    domain_B = np.repeat([index for index, _ in files], [len(table) for table in tables])
    batch = to_batch(pa.concat_tables(tables), schema, domain_B, split)
    return RowsInMemory(batch, tuple(size for _, path in files for size in row_group_sizes(path)))


def columns_of(schema: Schema) -> list[str]:
    """The columns that a batch is made of."""
    columns = [f.column for f in schema.features] + [n.value_column for n in schema.numbers]
    return columns + [t.column for t in schema.tasks] + ([WEIGHT] if schema.weighted else [])


def to_batch(table: pa.Table, schema: Schema, domain_B: NDArray[np.int64], source: Path) -> Batch:
    """Encoded columns as tensors. A task without a column is observed in no row, as in rows to predict.

    Raises:
        DamagedError: an id is outside its table; names `source`.
    """
    rows = len(table)
    labels = [_floats(table[task.column]) if task.column in table.column_names else torch.full((rows,), torch.nan)
              for task in schema.tasks]  # fmt: skip
    labels_BT = _stack(labels, rows, torch.float32)
    ids = [_ids(table, f.column, schema.vocabulary_rows[f.table], source) for f in schema.singles]
    weighted = WEIGHT in table.column_names
    return Batch(
        ids_BF=_stack(ids, rows, torch.int32),
        numbers_BN=_stack([_floats(table[n.value_column]) for n in schema.numbers], rows, torch.float32),
        sequences=tuple(_ragged(table, f.column, schema.tables[f.table], source) for f in schema.sequences),
        labels_BT=labels_BT.nan_to_num(),
        observed_BT=~labels_BT.isnan(),
        domain_B=torch.from_numpy(np.asarray(domain_B, np.int64)),
        weight_B=_floats(table[WEIGHT]) if weighted else torch.ones(rows),
    )


def domain_of_rows(split: Path, schema: Schema, part: str) -> NDArray[np.int64]:
    """The index of each row's domain, row for row as in `load_part`."""
    files = part_files(split, schema, part)
    return np.repeat([index for index, _ in files], [sum(row_group_sizes(path)) for _, path in files])


def load_columns(split: Path, schema: Schema, part: str, columns: list[str]) -> pa.Table:
    """Other columns of a part (keys, scores), row for row as in `load_part`."""
    return pa.concat_tables([read_table(path, columns) for _, path in part_files(split, schema, part)])


def _floats(column: pa.ChunkedArray) -> Tensor:
    """float32, NaN where null."""
    return torch.from_numpy(plain_values(column, np.float32, np.nan))


def _ids(table: pa.Table, column: str, rows: int, source: Path) -> Tensor:
    return _checked(plain_values(table[column], np.int32, PADDING), column, rows, source)


def _ragged(table: pa.Table, column: str, rows: int, source: Path) -> Ragged:
    lists = table[column].combine_chunks()
    lists = pa.concat_arrays(lists.chunks) if isinstance(lists, pa.ChunkedArray) else lists
    offsets = plain_values(lists.offsets, np.int64, 0)
    values = plain_values(lists.flatten(), np.int32, PADDING)
    return Ragged(_checked(values, column, rows, source), torch.from_numpy(offsets - offsets[0]))


def _checked(ids: np.ndarray, column: str, rows: int, source: Path) -> Tensor:
    # an id outside its table would read another feature's vector, in silence; padding and null belong in no file
    if len(ids) and (ids.min() <= PADDING or ids.max() >= rows):
        raise DamagedError(
            f"{source}: column {column} holds ids outside its table of {rows} rows.", hint="Run split-domains again."
        )
    return torch.from_numpy(ids)


def _stack(columns: list[Tensor], rows: int, dtype: torch.dtype) -> Tensor:
    return torch.stack(columns, dim=1) if columns else torch.empty(rows, 0, dtype=dtype)
