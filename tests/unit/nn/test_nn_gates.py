"""Gates between 0 and 2."""

import torch

from recmtl.nn.gates import Gates


def test_they_are_twice_a_sigmoid_of_a_network_with_one_hidden_layer():
    torch.manual_seed(0)
    gates, v_BI = Gates(5, 4, 3, 6), torch.randn(7, 5)
    with torch.no_grad():
        for value in gates.parameters():
            value.normal_()
    h_BH = (v_BI @ gates.hidden.weight.T + gates.hidden.bias).clamp(min=0)
    found = gates(v_BI, [2, 0])
    for place, gate in enumerate((2, 0)):
        expected = 2 / (1 + (-(h_BH @ gates.gate[gate].weight.T + gates.gate[gate].bias)).exp())
        torch.testing.assert_close(found[:, place], expected)


def test_they_start_near_one_and_learn_from_the_first_step():
    torch.manual_seed(0)
    gates = Gates(50, 64, 2, 128)
    gate_BGO = gates(torch.randn(100, 50), [0, 1])
    assert (gate_BGO - 1).abs().mean() < 0.05
    (gate_BGO * torch.randn(gate_BGO.shape)).sum().backward()
    assert all(value.grad.any() for value in gates.parameters())


def test_they_stay_between_zero_and_two_and_are_single_precision():
    gates = Gates(5, 4, 1, 6)
    with torch.no_grad():
        gates.gate[0].weight.mul_(1e5)
        with torch.autocast("cpu", torch.bfloat16):
            found = gates(torch.randn(50, 5), [0])
    assert found.dtype == torch.float32 and found.min() == 0 and found.max() == 2
