"""Tensors of many rows, filled from tables of a few: what is decoded is never there twice."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from recmtl.batch import Batch, Ragged, concat_ragged
from recmtl.data.plain_values import plain_values
from recmtl.errors import DamagedError
from recmtl.schema import PADDING, WEIGHT, Schema


class FilledBatch:
    """A batch of so many rows; several threads may fill different rows at a time.

    Args:
        schema: of the rows.
        rows: how many.
    """

    def __init__(self, schema: Schema, rows: int) -> None:
        self._schema, self._vocabulary_rows = schema, schema.vocabulary_rows
        self._ids_BF = np.empty((rows, len(schema.singles)), np.int32)
        self._numbers_BN = np.empty((rows, len(schema.numbers)), np.float32)
        self._labels_BT = np.zeros((rows, len(schema.tasks)), np.float32)
        self._observed_BT = np.zeros((rows, len(schema.tasks)), np.bool_)
        self._domain_B = np.empty(rows, np.int64)
        self._weight_B = np.ones(rows, np.float32)
        self._sequences: list[dict[int, Ragged]] = [{} for _ in schema.sequences]

    def fill(self, start: int, table: pa.Table, domain_B: int | NDArray[np.int64], source: Path) -> None:
        """The rows from `start` on. A task without a column is observed in no row, as in rows to predict.

        Raises:
            DamagedError: an id is outside its table; names `source`.
        """
        rows, schema, there = slice(start, start + len(table)), self._schema, table.column_names
        for place, feature in enumerate(schema.singles):
            ids = plain_values(table[feature.column], np.int32, PADDING)
            self._ids_BF[rows, place] = _checked(ids, feature.column, self._vocabulary_rows[feature.table], source)
        for place, number in enumerate(schema.numbers):
            self._numbers_BN[rows, place] = plain_values(table[number.value_column], np.float32, np.nan)
        for place, task in enumerate(schema.tasks):
            if task.column in there:
                label_B = plain_values(table[task.column], np.float32, np.nan)
                self._observed_BT[rows, place] = ~np.isnan(label_B)
                self._labels_BT[rows, place] = np.nan_to_num(label_B)
        self._domain_B[rows] = domain_B
        if WEIGHT in there:
            self._weight_B[rows] = plain_values(table[WEIGHT], np.float32, np.nan)
        for found, sequence in zip(self._sequences, schema.sequences, strict=True):
            found[start] = _ragged(table, sequence.column, schema.tables[sequence.table], source)

    def batch(self) -> Batch:
        """All rows; nothing is to be filled after it."""
        return Batch(
            ids_BF=torch.from_numpy(self._ids_BF),
            numbers_BN=torch.from_numpy(self._numbers_BN),
            sequences=tuple(_joined(found) for found in self._sequences),
            labels_BT=torch.from_numpy(self._labels_BT),
            observed_BT=torch.from_numpy(self._observed_BT),
            domain_B=torch.from_numpy(self._domain_B),
            weight_B=torch.from_numpy(self._weight_B),
        )


def row_bytes(schema: Schema) -> int:
    """What a row takes, the values in its sequences apart; their offsets are there twice while they are joined."""
    numbers = 4 * (len(schema.singles) + len(schema.numbers) + 1) + 8
    return numbers + 5 * len(schema.tasks) + 16 * len(schema.sequences)


def _joined(found: dict[int, Ragged]) -> Ragged:
    """In the order of the rows. What is joined is let go of."""
    if not found:
        return Ragged(torch.empty(0, dtype=torch.int32), torch.zeros(1, dtype=torch.int64))
    column = concat_ragged([found[start] for start in sorted(found)])
    found.clear()
    return column


def _ragged(table: pa.Table, column: str, rows: int, source: Path) -> Ragged:
    lists = table[column].combine_chunks()
    lists = pa.concat_arrays(lists.chunks) if isinstance(lists, pa.ChunkedArray) else lists
    offsets = plain_values(lists.offsets, np.int64, 0)
    ids = plain_values(lists.flatten(), np.int32, PADDING)
    return Ragged(torch.from_numpy(_checked(ids, column, rows, source)), torch.from_numpy(offsets - offsets[0]))


def _checked(ids: NDArray[np.generic], column: str, rows: int, source: Path) -> NDArray[np.generic]:
    # an id outside its table would read another feature's vector, in silence; padding and null belong in no file
    if len(ids) and (ids.min() <= PADDING or ids.max() >= rows):
        raise DamagedError(
            f"{source}: column {column} holds ids outside its table of {rows} rows.", hint="Run split-domains again."
        )
    return ids
