import math

import pytest
import torch

from recmtl.nn.field_gates import FieldGates

FIELDS_BFD = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(1))


def gates_with(bias):
    torch.manual_seed(0)
    gates = FieldGates(2, 3, 4)
    torch.nn.init.constant_(gates.bias, bias)
    return gates


@pytest.mark.parametrize("bias", [-0.3, 0.0, 1.0])
def test_a_gate_is_relu_of_tanh_of_a_product(bias):
    """With the bias 0 it is the paper's."""
    gates = gates_with(bias)
    found_BNF = gates(FIELDS_BFD)
    for row in range(5):
        for reader in range(2):
            for field in range(3):
                products = (FIELDS_BFD[row, field] * gates.vectors[field, :, reader]).tolist()
                expected = max(0.0, math.tanh(sum(products) + bias))
                assert found_BNF[row, reader, field].item() == pytest.approx(expected, abs=1e-6)


def test_each_gate_has_a_bias_of_its_own():
    gates = gates_with(0.0)
    with torch.no_grad():
        gates.bias.view(3, 2)[1, 0] = -9.0
    assert (gates(FIELDS_BFD)[:, 0, 1] == 0).all() and not (gates(FIELDS_BFD)[:, 1, 1] == 0).all()


def test_without_the_bias_many_start_closed_and_with_it_none():
    small_BFD = 0.25 * torch.rand(200, 3, 4, generator=torch.Generator().manual_seed(2)) - 0.125
    assert (gates_with(0.0)(small_BFD) == 0).double().mean() > 0.3
    torch.manual_seed(0)
    assert (FieldGates(2, 3, 4)(small_BFD) > 0.5).all()
