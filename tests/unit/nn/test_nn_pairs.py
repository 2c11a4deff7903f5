from itertools import combinations

import pytest
import torch

from recmtl.nn.field_scale import FieldScale
from recmtl.nn.fm import bi_interaction
from recmtl.nn.pairs import inner_products, summed_outer_products


@pytest.mark.parametrize("num_fields", [1, 2, 5])
def test_a_factorisation_machine_is_its_quadratic_definition(num_fields):
    torch.manual_seed(0)
    fields_BFD = torch.randn(4, num_fields, 3, dtype=torch.float64, requires_grad=True)
    expected_BD = torch.zeros(4, 3, dtype=torch.float64)
    for i, j in combinations(range(num_fields), 2):
        expected_BD = expected_BD + fields_BFD[:, i] * fields_BFD[:, j]
    found_BD = bi_interaction(fields_BFD)
    torch.testing.assert_close(found_BD, expected_BD)
    if num_fields > 1:
        direction_BD = torch.randn(4, 3, dtype=torch.float64)
        found, expected = (
            torch.autograd.grad((pooled_BD * direction_BD).sum(), fields_BFD, retain_graph=True)[0]
            for pooled_BD in (found_BD, expected_BD)
        )
        torch.testing.assert_close(found, expected)


def test_inner_products_are_those_of_the_pairs_in_order():
    torch.manual_seed(0)
    fields_BFD = torch.randn(6, 5, 3)
    found_BP = inner_products(fields_BFD)
    assert found_BP.shape == (6, 10)
    for place, (i, j) in enumerate(combinations(range(5), 2)):
        expected_B = torch.stack([fields_BFD[row, i] @ fields_BFD[row, j] for row in range(6)])
        torch.testing.assert_close(found_BP[:, place], expected_B)


def test_outer_products_are_summed_over_all_pairs():
    torch.manual_seed(0)
    fields_BFD = torch.randn(6, 5, 3)
    found_BP = summed_outer_products(fields_BFD)
    assert found_BP.shape == (6, 6)
    for row in range(6):
        expected_DD = sum(torch.outer(fields_BFD[row, i], fields_BFD[row, j]) for i in range(5) for j in range(5))
        torch.testing.assert_close(expected_DD, expected_DD.T)
        expected_P = torch.stack([expected_DD[d, e] for d in range(3) for e in range(d, 3)])
        torch.testing.assert_close(found_BP[row], expected_P)


def test_a_scale_tells_apart_fields_that_change_places():
    torch.manual_seed(0)
    fields_BFD = torch.randn(4, 3, 2)
    swapped_BFD = fields_BFD[:, [1, 0, 2]]
    torch.testing.assert_close(bi_interaction(fields_BFD), bi_interaction(swapped_BFD))
    scale = FieldScale(3, 2, std=1.0)
    assert not torch.allclose(bi_interaction(scale(fields_BFD)), bi_interaction(scale(swapped_BFD)), atol=1e-3)
    torch.testing.assert_close(scale(fields_BFD)[:, 1, 0], fields_BFD[:, 1, 0] * scale.scale[2])
