"""Rows that tell how far their reader is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from recmtl.artifacts.progress import Progress
from recmtl.batch import Batch
from recmtl.data.order import Window
from recmtl.data.rows import Rows


@dataclass(frozen=True)
class WatchedRows:
    """The same rows; each pass over them is told to `progress` under the name `what`."""

    rows: Rows
    what: str
    progress: Progress

    @property
    def group_sizes(self) -> tuple[int, ...]:
        """Those of the rows."""
        return self.rows.group_sizes

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, windows: Iterable[Window], size: int, skip: int = 0) -> Iterator[Batch]:
        """A batch counts as done when the next one is asked for."""
        self.progress.begin(self.what, len(self) - skip)
        for batch in self.rows.batches(windows, size, skip):
            yield batch
            self.progress.advance(len(batch))
