import numpy as np
import pytest
import torch

from recmtl.nn.mlp import MLP, linear
from recmtl.nn.towers import Towers


def test_layers_are_relu_of_x_w_plus_b():
    torch.manual_seed(0)
    network = MLP(4, (6, 3))
    x_BI = torch.randn(5, 4)
    h = x_BI.numpy()
    for layer in network:
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.normal_(layer.bias)
            h = np.maximum(h @ layer.weight.detach().numpy().T + layer.bias.detach().numpy(), 0)
    assert network.out_dim == 3
    np.testing.assert_allclose(network(x_BI).detach().numpy(), h, rtol=1e-5, atol=1e-6)


def test_without_layers_the_input_passes():
    network, x_BI = MLP(4, ()), torch.randn(5, 4)
    assert torch.equal(network(x_BI), x_BI) and network.out_dim == 4


def test_the_input_is_not_written_to():
    x_BI = torch.randn(5, 4)
    before = x_BI.clone()
    MLP(4, (3,))(x_BI)
    assert torch.equal(x_BI, before)


def test_weights_are_called_alike_with_and_without_dropout():
    assert list(MLP(4, (3, 2)).state_dict()) == list(MLP(4, (3, 2), dropout=0.3).state_dict())


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_for_training_alone(training):
    torch.manual_seed(0)
    network = MLP(4, (2000,), dropout=0.25).train(training)
    network[0].bias.data.fill_(100)
    h = network(torch.zeros(1, 4))
    assert (h == 0).float().mean().item() == pytest.approx(0.25 if training else 0, abs=0.03)
    assert h.max().item() == pytest.approx(100 / 0.75 if training else 100)  # the mean stays


def test_linear_starts_glorot_normal_with_zero_bias():
    torch.manual_seed(0)
    layer = linear(300, 100)
    assert layer.weight.std().item() == pytest.approx((2 / 400) ** 0.5, rel=0.02)
    assert not layer.bias.any()
    assert linear(3, 2, bias=False).bias is None


def test_each_tower_reads_its_own_slice():
    torch.manual_seed(0)
    towers = Towers(3, 4, (5,))
    h_BTH = torch.randn(6, 3, 4)
    all_BTO = towers(h_BTH, [0, 1, 2])
    for task in range(3):
        torch.testing.assert_close(all_BTO[:, task], towers.tower[task](h_BTH[:, task]))
    torch.testing.assert_close(towers(h_BTH[:, [2, 0]], [2, 0]), all_BTO[:, [2, 0]])


def test_towers_without_layers_pass_their_slices():
    h_BTH = torch.randn(6, 2, 4)
    towers = Towers(3, 4, ())
    assert torch.equal(towers(h_BTH, [2, 1]), h_BTH) and towers.out_dim == 4
