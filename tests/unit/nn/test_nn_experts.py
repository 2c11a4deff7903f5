import pytest
import torch

from recmtl.nn.experts import Experts
from recmtl.nn.mlp import MLP


def separate(experts, widths, in_dim):
    """The same networks one by one."""
    networks = []
    for place in range(experts.num_experts):
        network = MLP(in_dim, widths)
        layers = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
        rows = slice(place * widths[0], (place + 1) * widths[0])
        with torch.no_grad():
            layers[0].weight.copy_(experts.first.weight[rows])
            layers[0].bias.copy_(experts.first.bias[rows])
            for layer, batched in zip(layers[1:], experts.later, strict=True):
                layer.weight.copy_(batched.weight[place].T)
                layer.bias.copy_(batched.bias[place, 0])
        networks.append(network)
    return networks


@pytest.mark.parametrize("widths", [(7,), (7, 5), (4, 6, 3)])
@pytest.mark.parametrize("num_experts", [1, 3])
def test_experts_are_a_loop_over_separate_networks(num_experts, widths):
    torch.manual_seed(0)
    experts = Experts(num_experts, 6, widths)
    for parameter in experts.parameters():  # biases too
        torch.nn.init.normal_(parameter, std=0.5)
    x_BI = torch.randn(9, 6)
    networks = separate(experts, widths, 6)
    expected_BEH = torch.stack([network(x_BI) for network in networks], dim=1)
    found_BEH = experts(x_BI)
    assert found_BEH.shape == (9, num_experts, widths[-1]) and experts.out_dim == widths[-1]
    torch.testing.assert_close(found_BEH, expected_BEH)

    direction = torch.randn_like(found_BEH)
    (found_BEH * direction).sum().backward()
    (expected_BEH * direction).sum().backward()
    expected = torch.cat([network[0].weight.grad for network in networks])
    torch.testing.assert_close(experts.first.weight.grad, expected)


def test_the_start_has_the_scale_of_one_expert():
    torch.manual_seed(0)
    experts = Experts(50, 40, (60, 30))
    glorot = {"first": (2 / (40 + 60)) ** 0.5, "later": (2 / (60 + 30)) ** 0.5}
    assert experts.first.weight.std().item() == pytest.approx(glorot["first"], rel=0.02)
    assert experts.later[0].weight.std().item() == pytest.approx(glorot["later"], rel=0.02)
    assert not experts.first.bias.any() and not experts.later[0].bias.any()


def test_experts_start_apart():
    experts = Experts(2, 5, (4, 3))
    assert not torch.equal(*experts.first.weight.chunk(2))
    assert not torch.equal(*experts.later[0].weight)


def test_dropout_after_every_layer_in_training_alone():
    torch.manual_seed(0)
    experts = Experts(2, 5, (40, 40), dropout=0.5)
    with torch.no_grad():
        for parameter in experts.parameters():
            parameter.abs_().add_(0.01)  # no ReLU is closed
    x_BI = torch.rand(50, 5)
    dropped = (experts(x_BI) == 0).float().mean().item()
    assert dropped == pytest.approx(0.5, abs=0.05)
    experts.eval()
    assert (experts(x_BI) > 0).all()
    assert torch.equal(experts(x_BI), experts(x_BI))
