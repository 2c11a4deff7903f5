import pytest
import torch
from torch.nn import functional as F

from recmtl.nn.padded import Padded, total


@pytest.mark.parametrize("length", [1, 2, 3, 7, 16, 33])
def test_a_total_is_the_sum_over_places(length):
    values_BLD = torch.randn(5, length, 3, dtype=torch.float64)
    torch.testing.assert_close(total(values_BLD), values_BLD.sum(1))


@pytest.mark.parametrize("length", [1, 5, 13, 40])
def test_zeros_behind_the_end_leave_every_bit_of_a_total(length):
    values_BLD = torch.randn(200, length, 3, generator=torch.Generator().manual_seed(length))
    for more in (1, 3, 20, 100):
        assert torch.equal(total(F.pad(values_BLD, (0, 0, 0, more))), total(values_BLD))


def test_a_mean_is_over_a_rows_own_places_and_zero_without_any():
    vectors_BLD = torch.tensor([[[1.0, 2.0], [3.0, 6.0]], [[5.0, 7.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    known_BL = torch.tensor([[True, True], [True, False], [False, False]])
    assert Padded(vectors_BLD, known_BL).mean().tolist() == [[2.0, 4.0], [5.0, 7.0], [0.0, 0.0]]
