import pytest
import torch
from reading import DENSE, DIM, ROWS, reading_of

from recmtl.models.fibinet import FiBiNETConfig

PAIRS = 15


@pytest.mark.parametrize("kind", ["field_all", "field_each", "field_interaction"])
def test_the_deep_part_reads_weighted_pairs_plain_pairs_and_numbers(kind):
    found = reading_of(FiBiNETConfig(bilinear=kind, reduction=2))
    layers, vectors = found.interaction, found.vectors
    assert found.read.x_BI.shape == (ROWS, 2 * PAIRS * DIM + DENSE) and layers.senet.squeeze.out_features == 3
    weighted_BPD, plain_BPD = layers.weighted(layers.senet(vectors)), layers.plain(vectors)
    weighted_BI, plain_BI, dense_BK = found.read.x_BI.split([PAIRS * DIM, PAIRS * DIM, DENSE], dim=1)
    torch.testing.assert_close(weighted_BI, weighted_BPD.flatten(1))
    torch.testing.assert_close(plain_BI, plain_BPD.flatten(1))
    assert torch.equal(dense_BK, found.encoded.dense_BK)


def test_weighted_and_plain_pairs_have_matrices_of_their_own():
    # some public code reads both through one layer
    found = reading_of(FiBiNETConfig())
    found.read.x_BI[:, : PAIRS * DIM].sum().backward()
    assert any(weight.grad.any() for weight in found.interaction.weighted.parameters())
    assert all(weight.grad is None or not weight.grad.any() for weight in found.interaction.plain.parameters())


def test_the_linear_model_is_added():
    found = reading_of(FiBiNETConfig())
    torch.testing.assert_close(found.read.wide_BT.detach(), found.linear_BT())
