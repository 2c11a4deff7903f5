import itertools

import torch
from hypothesis import given
from hypothesis import strategies as st

from recmtl.batch import Batch, Ragged
from recmtl.testing.planted import planted


def ragged(lists):
    offsets = torch.tensor([0, *(len(row) for row in lists)]).cumsum(0)
    return Ragged(torch.tensor([value for row in lists for value in row], dtype=torch.int32), offsets)


def lists_of(column):
    bounds = column.offsets.tolist()
    return [column.values_L[a:b].tolist() for a, b in itertools.pairwise(bounds)]


@given(st.lists(st.lists(st.integers(0, 99), max_size=4), min_size=1, max_size=8), st.data())
def test_taking_rows_of_a_ragged_column_is_taking_lists(lists, data):
    index = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=12))
    taken = ragged(lists).take(torch.tensor(index, dtype=torch.int64))
    assert lists_of(taken) == [lists[i] for i in index]
    assert taken.offsets.dtype == torch.int64 and taken.values_L.dtype == torch.int32
    assert taken.offsets[0] == 0 and taken.offsets[-1] == len(taken.values_L)


def test_taking_rows_of_a_batch_takes_every_column():
    batch = planted(30, seed=0).rows.batch
    index_B = torch.tensor([29, 4, 4, 17])
    taken = batch.take(index_B)
    assert len(taken) == 4
    for name in ("ids_BF", "labels_BT", "observed_BT", "domain_B"):
        assert torch.equal(getattr(taken, name), getattr(batch, name)[index_B]), name
    torch.testing.assert_close(taken.numbers_BN, batch.numbers_BN[index_B], equal_nan=True)
    for new, old in zip(taken.sequences, batch.sequences, strict=True):
        assert lists_of(new) == [lists_of(old)[i] for i in index_B]


def test_a_part_of_a_batch_can_be_cut_again():
    batch = planted(30, seed=0).rows.batch
    once = batch.take(torch.tensor([7, 20]))
    twice = batch.take(torch.tensor([3, 7, 11, 20])).take(torch.tensor([1, 3]))
    assert isinstance(twice, Batch)
    assert torch.equal(once.ids_BF, twice.ids_BF)
    assert [lists_of(c) for c in once.sequences] == [lists_of(c) for c in twice.sequences]


@given(st.integers(0, 30), st.integers(0, 30))
def test_a_span_is_its_rows_and_copies_none(one, other):
    start, stop = sorted((one, other))
    batch = planted(30, seed=0).rows.batch
    span, taken = batch.span(start, stop), batch.take(torch.arange(start, stop))
    for name in ("ids_BF", "numbers_BN", "labels_BT", "observed_BT", "domain_B", "weight_B"):
        torch.testing.assert_close(getattr(span, name), getattr(taken, name), equal_nan=True, rtol=0, atol=0)
        memory, whole = getattr(span, name).untyped_storage(), getattr(batch, name).untyped_storage()
        assert memory.data_ptr() == whole.data_ptr(), name
    for mine, theirs in zip(span.sequences, taken.sequences, strict=True):
        assert torch.equal(mine.values_L, theirs.values_L) and torch.equal(mine.offsets, theirs.offsets)
