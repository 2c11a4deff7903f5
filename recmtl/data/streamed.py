"""Rows that stay on disk: a window of row groups is read at a time, while the rows of the last one are used."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from recmtl.artifacts.tables import count_values
from recmtl.batch import Batch
from recmtl.data.ahead import ahead
from recmtl.data.filled import row_bytes
from recmtl.data.loader import RowGroup, load_groups, part_files, row_groups
from recmtl.data.order import Window, after
from recmtl.data.rows import Piece, cut
from recmtl.schema import Schema

BYTES_PER_LISTED = 8
"""Of a value in a sequence while it is loaded: four in a row group's lists, four where all of them are joined."""


@dataclass(frozen=True)
class RowsOnDisk:
    """A part of the split at `split`. Errors as in `load_part`, when the rows are read.

    Two windows are in memory at a time.
    """

    split: Path
    schema: Schema
    part: str

    @cached_property
    def _groups(self) -> list[RowGroup]:
        return row_groups(self.split, self.schema, self.part)

    @property
    def group_sizes(self) -> tuple[int, ...]:
        """From the files' footers."""
        return tuple(group.rows for group in self._groups)

    def __len__(self) -> int:
        return sum(self.group_sizes)

    @property
    def needed_bytes(self) -> int:
        """An estimate of what it takes to load all rows into memory."""
        sequences = [feature.column for feature in self.schema.sequences]
        files = part_files(self.split, self.schema, self.part) if sequences else []
        listed = sum(count_values(path, sequences) for _, path in files)
        return len(self) * row_bytes(self.schema) + listed * BYTES_PER_LISTED

    def batches(self, windows: Iterable[Window], size: int, skip: int = 0) -> Iterator[Batch]:
        """Window by window; one that lies within `skip` is not read."""
        return cut(ahead(self._pieces(windows, skip)), size)

    def _pieces(self, windows: Iterable[Window], skip: int) -> Iterator[Piece]:
        for window, skipped in after(windows, skip):
            batch = load_groups([self._groups[group] for group in window.groups], self.schema)
            if window.rows is None:
                yield Piece(batch.span(skipped, window.size))
            else:
                yield Piece(batch, torch.from_numpy(window.rows[skipped:]))
