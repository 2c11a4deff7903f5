"""Rows that tell how far their reader is are the same rows."""

import pytest
import torch

from recmtl.data.order import as_they_lie
from recmtl.data.watched import WatchedRows
from recmtl.testing.planted import planted

ROWS = planted(500, seed=1).rows


class Told:
    """Remembers what it is told, in order."""

    def __init__(self):
        self.calls = []

    def begin(self, what, size, /):
        self.calls.append((what, size))

    def advance(self, size, /):
        self.calls.append(size)

    def say(self, text, /):
        raise AssertionError


@pytest.mark.parametrize("skip", [0, 150])
def test_the_batches_are_the_same_and_each_is_told_when_it_is_done(skip):
    told, watched = Told(), []
    for batch in WatchedRows(ROWS, "scoring", told).batches(as_they_lie(ROWS.group_sizes), 100, skip):
        watched.append(batch)
        assert sum(call for call in told.calls[1:]) == 100 * (len(watched) - 1)
    plain = list(ROWS.batches(as_they_lie(ROWS.group_sizes), 100, skip))
    assert [len(batch) for batch in watched] == [len(batch) for batch in plain]
    assert all(torch.equal(one.labels_BT, other.labels_BT) for one, other in zip(watched, plain, strict=True))
    assert told.calls == [("scoring", 500 - skip), *(len(batch) for batch in plain)]


def test_they_count_the_same():
    watched = WatchedRows(ROWS, "scoring", Told())
    assert len(watched) == len(ROWS) == 500
    assert watched.group_sizes == ROWS.group_sizes
