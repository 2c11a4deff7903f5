from itertools import combinations

import pytest
import torch
from reading import DENSE, DIM, FIELDS, ROWS, reading_of

from recmtl.models.nfm import NFMConfig


@pytest.mark.parametrize("scaled", [True, False])
def test_the_deep_part_reads_the_pooled_pairs_and_the_numbers(scaled):
    found = reading_of(NFMConfig(field_scales=scaled))
    scale_FD = found.interaction.scale.scale.detach().view(len(FIELDS), DIM) if scaled else 1.0
    assert found.read.x_BI.shape == (ROWS, DIM + DENSE)
    for row in range(ROWS):
        scaled_FD = scale_FD * found.vectors[row]
        pooled_D = sum(scaled_FD[i] * scaled_FD[j] for i, j in combinations(range(len(FIELDS)), 2))
        torch.testing.assert_close(found.read.x_BI[row, :DIM].detach(), pooled_D)
    assert torch.equal(found.read.x_BI[:, DIM:], found.encoded.dense_BK)


def test_the_linear_model_is_added():
    found = reading_of(NFMConfig())
    torch.testing.assert_close(found.read.wide_BT.detach(), found.linear_BT())
