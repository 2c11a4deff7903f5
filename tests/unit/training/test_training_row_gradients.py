"""Sparse gradients with each row once: the same as torch's own coalescing, whatever the rows."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recmtl.training.row_gradients import summed_by_row


def gradient(ids, dim=3, rows=50, seed=0):
    values = torch.randn(len(ids), dim, generator=torch.Generator().manual_seed(seed))
    index = torch.tensor(ids, dtype=torch.int64).unsqueeze(0)
    return torch.sparse_coo_tensor(index, values, (rows, dim), check_invariants=True)


@settings(deadline=None, max_examples=50)
@given(ids=st.lists(st.integers(0, 49), max_size=40), dim=st.integers(1, 9))
def test_it_is_what_torch_coalesces_to(ids, dim):
    found, expected = summed_by_row(gradient(ids, dim)), gradient(ids, dim).coalesce()
    assert found.is_coalesced() and found.shape == expected.shape
    assert torch.equal(found.indices(), expected.indices())
    torch.testing.assert_close(found.values(), expected.values())


def test_rows_of_a_table_larger_than_32_bits_would_count_keep_apart():
    rows = 2**33
    found = summed_by_row(gradient([rows - 1, 0, rows - 1, 2**32], rows=rows))
    assert found.indices().tolist() == [[0, 2**32, rows - 1]]


def test_a_row_gets_the_same_bits_whatever_rows_stand_among_its_own():
    alone = gradient([7, 7, 7])
    values, few = alone._values(), torch.randn(2, 3)
    among = torch.sparse_coo_tensor(
        torch.tensor([[3, 7, 7, 9, 7]]),
        torch.cat([few[:1], values[:2], few[1:], values[2:]]),
        (50, 3),
        check_invariants=True,
    )
    assert torch.equal(summed_by_row(among).values()[1], summed_by_row(alone).values()[0])


@pytest.mark.parametrize("ids", [[], [4]])
def test_what_is_summed_already_stays_as_it_is(ids):
    once = gradient(ids).coalesce()
    assert summed_by_row(once) is once or torch.equal(summed_by_row(once).values(), once.values())
