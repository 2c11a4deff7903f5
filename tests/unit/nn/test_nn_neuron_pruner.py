import pytest
import torch

from recmtl.nn.neuron_pruner import NeuronPruner

H_BH = torch.randn(50, 6, generator=torch.Generator().manual_seed(1))
CONTEXT_BC = torch.randn(50, 3, generator=torch.Generator().manual_seed(2))


def pruner(pruning, beta=2.0, epsilon=0.2):
    torch.manual_seed(0)
    made = NeuronPruner(3, 6, pruning, beta, epsilon)
    with torch.no_grad():
        made.linear.bias.normal_()
    return made


def sigmoids(made, alpha):
    v_BH = torch.cat([CONTEXT_BC, H_BH], dim=1) @ made.linear.weight.T + made.linear.bias
    return 1 / (1 + torch.exp(-alpha * v_BH))


@pytest.mark.parametrize("alpha", [0.1, 4.0])
def test_fusion_is_zero_up_to_the_threshold_and_the_sigmoid_above(alpha):
    """Scenario-Wise-Rec gives -1 below it."""
    made = pruner("fusion")
    weight_BH, zeros_B = made(H_BH, CONTEXT_BC, torch.tensor(alpha))
    soft_BH = 2 * sigmoids(made, alpha)
    expected_BH = torch.where(soft_BH > 0.2, soft_BH, 0)
    torch.testing.assert_close(weight_BH, expected_BH)
    torch.testing.assert_close(zeros_B, (expected_BH == 0).float().mean(1))
    assert bool((expected_BH == 0).any()) == (alpha == 4.0)


def test_scaling_has_no_zeros_and_no_alpha():
    made = pruner("scaling")
    weight_BH, zeros_B = made(H_BH, CONTEXT_BC, torch.tensor(9.0))
    torch.testing.assert_close(weight_BH, 2 * sigmoids(made, 1.0))
    assert not zeros_B.any()


def test_binarization_has_ones_and_zeros():
    made = pruner("binarization")
    weight_BH, zeros_B = made(H_BH, CONTEXT_BC, torch.tensor(4.0))
    expected_BH = (sigmoids(made, 4.0) > 0.2).float()
    assert 0 < expected_BH.mean() < 1
    torch.testing.assert_close(weight_BH, expected_BH)
    torch.testing.assert_close(zeros_B, 1 - expected_BH.mean(1))


def test_binarization_and_zeros_have_the_gradient_of_the_sigmoid():
    made = pruner("binarization")
    weight_BH, zeros_B = made(H_BH, CONTEXT_BC, torch.tensor(4.0))
    (hard,) = torch.autograd.grad(weight_BH.sum(), made.linear.bias, retain_graph=True)
    (soft,) = torch.autograd.grad(sigmoids(made, 4.0).sum(), made.linear.bias)
    (zeros,) = torch.autograd.grad(zeros_B.sum(), made.linear.bias)
    torch.testing.assert_close(hard, soft)
    torch.testing.assert_close(zeros, -soft / 6)


def test_what_fusion_switched_off_has_no_gradient_from_its_weight():
    made = pruner("fusion")
    weight_BH, _ = made(H_BH, CONTEXT_BC, torch.tensor(4.0))
    row, neuron = (weight_BH == 0).nonzero()[0].tolist()
    (gradient,) = torch.autograd.grad(weight_BH[row, neuron], made.linear.bias)
    assert not gradient.any()
