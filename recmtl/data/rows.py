"""The rows of a part, in memory or on disk: both give the same batches, row for row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from recmtl.batch import Batch, concat
from recmtl.data.order import Window, after, positions


class Rows(Protocol):
    """All rows of a part, domain after domain."""

    @property
    def group_sizes(self) -> tuple[int, ...]:
        """Rows of each row group of the files, in the same order."""

    def __len__(self) -> int:
        """How many rows."""

    def batches(self, windows: Iterable[Window], size: int, skip: int = 0) -> Iterator[Batch]:
        """The rows in the order of the windows, `size` at a time (the last batch may be shorter), without the first
        `skip`. A batch may be a view of rows that others see too.
        """


@dataclass(frozen=True)
class Piece:
    """Rows in the order in which they are visited, none of them copied yet."""

    batch: Batch
    order_B: Tensor | None = None
    """Positions in the batch; None: all of its rows, as they lie."""

    def __len__(self) -> int:
        return len(self.batch) if self.order_B is None else len(self.order_B)

    def rows(self, start: int, stop: int) -> Batch:
        """Those from `start` to before `stop`."""
        return self.batch.span(start, stop) if self.order_B is None else self.batch.take(self.order_B[start:stop])


@dataclass(frozen=True)
class RowsInMemory:
    """One batch that holds them all."""

    batch: Batch
    group_sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.batch)

    def batches(self, windows: Iterable[Window], size: int, skip: int = 0) -> Iterator[Batch]:
        """Gathered by position, or cut off as they lie."""
        return cut((self._piece(window, skipped) for window, skipped in after(windows, skip)), size)

    def _piece(self, window: Window, skip: int) -> Piece:
        if window.rows is None:
            start = sum(self.group_sizes[: window.groups[0]])
            return Piece(self.batch.span(start + skip, start + window.size))
        return Piece(self.batch, torch.from_numpy(positions([window], self.group_sizes)[skip:]))


def cut(pieces: Iterable[Piece], size: int) -> Iterator[Batch]:
    """The rows of all pieces, one after the other, `size` at a time; the last batch may be shorter."""
    waiting: list[Batch] = []
    lacking = size
    for piece in pieces:
        start = 0
        while start < len(piece):
            rows = piece.rows(start, min(start + lacking, len(piece)))
            waiting.append(rows)
            start, lacking = start + len(rows), lacking - len(rows)
            if not lacking:
                yield concat(waiting)
                waiting, lacking = [], size
    if waiting:
        yield concat(waiting)
