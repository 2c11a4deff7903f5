"""Rows that stay on disk: a window of row groups is read at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from recmtl.artifacts.tables import count_values, read_row_groups, row_group_sizes
from recmtl.batch import Batch
from recmtl.data.loader import columns_of, part_files, to_batch
from recmtl.data.order import Window
from recmtl.data.rows import cut
from recmtl.schema import Schema

BYTES_PER_VALUE = 12
"""Of a value while it is loaded: four in Arrow's column, four in a copy of it, four in the tensor."""


@dataclass(frozen=True)
class RowsOnDisk:
    """A part of the split at `split`. Errors as in `load_part`, when the rows are read."""

    split: Path
    schema: Schema
    part: str

    @cached_property
    def _groups(self) -> list[tuple[int, Path, int, int]]:
        """(index of the domain, file, place in the file, rows) of each row group."""
        return [
            (domain, path, place, size)
            for domain, path in part_files(self.split, self.schema, self.part)
            for place, size in enumerate(row_group_sizes(path))
        ]

    @property
    def group_sizes(self) -> tuple[int, ...]:
        """From the files' footers."""
        return tuple(size for *_, size in self._groups)

    def __len__(self) -> int:
        return sum(self.group_sizes)

    @property
    def needed_bytes(self) -> int:
        """An estimate of what it takes to load all rows into memory."""
        files = part_files(self.split, self.schema, self.part)
        return sum(count_values(path) for _, path in files) * BYTES_PER_VALUE

    def batches(self, windows: Iterable[Window], size: int, skip: int = 0) -> Iterator[Batch]:
        """Window by window; one that lies within `skip` is not read."""
        return cut(self._pieces(windows, skip), size)

    def _pieces(self, windows: Iterable[Window], skip: int) -> Iterator[Batch]:
        for window in windows:
            rows = window.rows[skip:]
            skip -= len(window.rows) - len(rows)
            if len(rows):
                yield self._read(window).take(torch.from_numpy(rows))

    def _read(self, window: Window) -> Batch:
        groups, columns = [self._groups[group] for group in window.groups], columns_of(self.schema)
        table = pa.concat_tables([read_row_groups(path, [place], columns) for _, path, place, _ in groups])
        domain_B = np.repeat([domain for domain, *_ in groups], [size for *_, size in groups])
        return to_batch(table, self.schema, domain_B, self.split)
