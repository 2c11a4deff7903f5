from itertools import combinations

import pytest
import torch

from recmtl.nn.bilinear import Bilinear

KINDS = ("field_all", "field_each", "field_interaction")


def matrices(layer, num_fields, dim):
    """The matrix of each pair, [in, out]."""
    found = {}
    for i, j in combinations(range(num_fields), 2):
        left = layer.left[0 if layer.kind == "field_all" else i].weight
        place = j - i - 1 if layer.kind == "field_interaction" else 0
        found[i, j] = left[place * dim : (place + 1) * dim].T
    return found


@pytest.mark.parametrize("num_fields", [2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_loop_over_pairs(kind, num_fields):
    torch.manual_seed(0)
    layer, fields_BFD = Bilinear(kind, num_fields, 3), torch.randn(4, num_fields, 3)
    found_BPD = layer(fields_BFD)
    pairs = matrices(layer, num_fields, 3)
    assert found_BPD.shape == (4, len(pairs), 3) and layer.num_pairs == len(pairs)
    for row in range(4):
        for place, ((i, j), weight_DD) in enumerate(pairs.items()):
            expected_D = (fields_BFD[row, i] @ weight_DD) * fields_BFD[row, j]
            torch.testing.assert_close(found_BPD[row, place], expected_D)


@pytest.mark.parametrize(("kind", "count"), list(zip(KINDS, (1, 4, 10), strict=True)))
def test_there_is_no_matrix_that_no_pair_reads(kind, count):
    # public code of field_each has one for the last field too, which is never the first of a pair
    layer = Bilinear(kind, 5, 3)
    assert sum(weight.numel() for weight in layer.parameters()) == count * 9
    layer(torch.randn(4, 5, 3)).square().sum().backward()
    for weight in layer.parameters():
        assert all(block_DD.any() for block_DD in weight.grad.split(3))


def test_every_matrix_starts_at_a_scale_of_its_own():
    torch.manual_seed(0)
    for kind in KINDS:
        for weight in Bilinear(kind, 4, 50).parameters():
            assert weight.std().item() == pytest.approx((2 / 100) ** 0.5, rel=0.05)
