"""Gates that are 0, 1 or between, against the paper's formulas in numpy and against many draws."""

import numpy as np
import pytest
import torch

from recmtl.nn.hard_concrete import HardConcrete

LOG_ALPHAS = (-8.0, -3.0, -1.0, 0.0, 0.5, 2.0, 9.0)


def gates_of(*log_alphas):
    gates = HardConcrete(len(log_alphas))
    with torch.no_grad():
        gates.log_alpha.copy_(torch.tensor(log_alphas))
    return gates


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_evaluation_is_the_papers_estimate():
    z = gates_of(*LOG_ALPHAS).eval()().detach().numpy()
    expected = [min(1.0, max(0.0, sigmoid(a) * 1.2 - 0.1)) for a in LOG_ALPHAS]
    np.testing.assert_allclose(z, expected, rtol=1e-6, atol=1e-7)
    assert z[0] == 0.0 and z[-1] == 1.0 and 0 < z[3] < 1


def test_evaluation_is_the_same_at_every_call():
    gates = gates_of(*LOG_ALPHAS).eval()
    assert torch.equal(gates(), gates())


def test_training_divides_the_noise_and_log_alpha_both_by_beta():
    """MMLRec's port divides log alpha alone."""
    torch.manual_seed(3)
    z = gates_of(*LOG_ALPHAS)().detach().numpy()
    torch.manual_seed(3)
    u = torch.rand(len(LOG_ALPHAS)).double().numpy()
    noise, log_alpha = np.log(u) - np.log(1 - u), np.array(LOG_ALPHAS)
    np.testing.assert_allclose(z, np.clip(sigmoid((noise + log_alpha) / 0.9) * 1.2 - 0.1, 0, 1), atol=1e-5)
    assert np.abs(z - np.clip(sigmoid(noise + log_alpha / 0.9) * 1.2 - 0.1, 0, 1)).max() > 1e-3


def test_training_draws_new_noise_at_each_call_and_learns_log_alpha_alone():
    """MMLRec's port keeps the noise it was built with, and trains it."""
    gates = gates_of(*[0.0] * 50)
    assert not torch.equal(gates(), gates())
    assert [name for name, _ in gates.named_parameters()] == ["log_alpha"]
    assert list(gates.state_dict()) == ["log_alpha"]


@pytest.mark.parametrize("log_alpha", [-2.0, 0.0, 1.0])
def test_zeros_and_ones_come_exactly_and_as_often_as_they_must(log_alpha):
    torch.manual_seed(0)
    draws = 200_000
    gates = gates_of(*[log_alpha] * draws)
    z = gates().detach()
    assert ((z >= 0) & (z <= 1)).all() and (z == 0).any() and (z == 1).any()
    # above 1 before it is cut, if (log u - log(1 - u) + log alpha) / beta > log(11), by the symmetry of the noise
    chances = {"open": gates.open_chance()[0].item(), "full": sigmoid(log_alpha - 0.9 * np.log(11.0))}
    for chance, found in ((chances["open"], (z > 0)), (chances["full"], (z == 1))):
        assert abs(found.double().mean().item() - chance) < 5 * np.sqrt(chance * (1 - chance) / draws)


def test_any_log_alpha_gives_numbers_and_gradients():
    """MMLRec's port takes the logarithm of what it trains, which may fall below 0."""
    torch.manual_seed(0)
    gates = gates_of(*np.linspace(-200, 200, 1001).tolist())
    for _ in range(20):
        (gates().sum() + gates.open_chance().sum()).backward()
    assert gates.log_alpha.grad.isfinite().all()


def test_noise_at_the_end_of_its_range_gives_no_nan(monkeypatch):
    monkeypatch.setattr(torch, "rand_like", torch.zeros_like)
    gates = gates_of(0.0, 50.0)
    z = gates()
    z.sum().backward()
    assert z.tolist() == [0.0, 0.0] and gates.log_alpha.grad.tolist() == [0.0, 0.0]


def test_the_shape_is_that_of_the_gates_and_the_parameter_is_flat():
    gates = HardConcrete(2, 3)
    assert gates().shape == gates.open_chance().shape == (2, 3) and gates.log_alpha.shape == (6,)
