"""The rows of a part, in memory or on disk: both give the same batches, row for row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch

from recmtl.batch import Batch, concat
from recmtl.data.order import Window, positions


class Rows(Protocol):
    """All rows of a part, domain after domain."""

    @property
    def group_sizes(self) -> tuple[int, ...]:
        """Rows of each row group of the files, in the same order."""

    def __len__(self) -> int:
        """How many rows."""

    def batches(self, windows: Iterable[Window], size: int, skip: int = 0) -> Iterator[Batch]:
        """The rows in the order of the windows, `size` at a time (the last batch may be shorter), without the first
        `skip`.
        """


@dataclass(frozen=True)
class RowsInMemory:
    """One batch that holds them all."""

    batch: Batch
    group_sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.batch)

    def batches(self, windows: Iterable[Window], size: int, skip: int = 0) -> Iterator[Batch]:
        """Gathered by position."""
        order = torch.from_numpy(positions(windows, self.group_sizes))
        for index_B in order[skip:].split(size) if len(order) > skip else ():
            yield self.batch.take(index_B)


def cut(pieces: Iterable[Batch], size: int) -> Iterator[Batch]:
    """The rows of all pieces, one after the other, `size` at a time; the last batch may be shorter."""
    waiting: list[Batch] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) >= size:
            whole = concat(waiting)
            end = len(whole) - len(whole) % size
            for index_B in torch.arange(end).split(size):
                yield whole.take(index_B)
            waiting = [whole.take(torch.arange(end, len(whole)))]
    if sum(map(len, waiting)):
        yield concat(waiting)
