import pytest
import torch

from recmtl.nn.cross import CrossVector
from recmtl.nn.cross_matrix import CrossMatrix
from recmtl.nn.cross_mixture import CrossMixture

X_BI = torch.randn(4, 5, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def randomised(network):
    """Biases too."""
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return network


def test_a_vector_layer_by_layer_in_plain_loops():
    network = randomised(CrossVector(5, 3))
    found_BI = network(X_BI)
    for row in range(4):
        first, x = X_BI[row].tolist(), X_BI[row].tolist()
        for layer, bias in zip(network.layer, network.bias, strict=True):
            weight_I, bias_I = layer.weight[0].tolist(), bias.tolist()
            number = sum(value * weight for value, weight in zip(x, weight_I, strict=True))
            x = [first[i] * number + bias_I[i] + x[i] for i in range(5)]
        torch.testing.assert_close(found_BI[row].detach(), torch.tensor(x))


def test_without_biases_the_output_is_the_input_times_a_number():
    # the paper's point in its section 3: each layer raises the degree, and all it learns in a row is one number
    network = CrossVector(5, 3)
    ratio_BI = network(X_BI) / X_BI
    torch.testing.assert_close(ratio_BI, ratio_BI[:, :1].expand(-1, 5), rtol=1e-4, atol=1e-4)


def test_a_matrix_layer_by_layer_in_plain_loops():
    network = randomised(CrossMatrix(5, 3))
    found_BI = network(X_BI)
    for row in range(4):
        first_I = x_I = X_BI[row]
        for layer in network.layer:
            linear_I = torch.stack([layer.weight[i] @ x_I + layer.bias[i] for i in range(5)])
            x_I = first_I * linear_I + x_I
        torch.testing.assert_close(found_BI[row], x_I)


def test_a_mixture_is_a_loop_over_experts():
    network = randomised(CrossMixture(5, 2, num_experts=3, rank=2))
    found_BI = network(X_BI)
    for row in range(4):
        first_I = x_I = X_BI[row]
        for layer in network.layer:
            score_K = (layer.gate.weight @ x_I).exp()
            total_I = torch.zeros(5)
            for k in range(3):
                down_RI, up_IR = layer.down.weight[2 * k : 2 * k + 2], layer.up.weight[:, 2 * k : 2 * k + 2]
                low_R = torch.tanh(torch.tanh(down_RI @ x_I) @ layer.core[k])
                total_I = total_I + score_K[k] / score_K.sum() * first_I * (up_IR @ low_R + layer.up.bias)
            x_I = total_I + x_I
        torch.testing.assert_close(found_BI[row], x_I)


def test_a_mixture_starts_at_the_scale_of_one_expert():
    layer = CrossMixture(60, 1, num_experts=8, rank=20).layer[0]
    glorot = (2 / (60 + 20)) ** 0.5
    assert layer.down.weight.std().item() == pytest.approx(glorot, rel=0.03)
    assert layer.up.weight.std().item() == pytest.approx(glorot, rel=0.03)
    assert layer.core.std().item() == pytest.approx((2 / 40) ** 0.5, rel=0.05)
