"""Whoever multiplies, single precision stays single."""

import pytest
import torch

from recmtl.nn.products import fast_products


@pytest.mark.parametrize("shape", [(64, 445, 256), (1000, 37, 8), (3, 5, 7), (1, 1, 1)])
def test_products_and_their_gradients_are_single_ones(shape):
    chance = torch.Generator().manual_seed(0)
    rows, inputs, outputs = shape
    x, weight = torch.randn(rows, inputs, generator=chance), torch.randn(inputs, outputs, generator=chance)
    found = [x.clone().requires_grad_(), weight.clone().requires_grad_()]
    exact = [tensor.double().requires_grad_() for tensor in (x, weight)]
    with fast_products():
        (found[0] @ found[1]).square().sum().backward()
    (exact[0] @ exact[1]).square().sum().backward()
    for value, expected in zip(found, exact, strict=True):
        error = (value.grad.double() - expected.grad).abs().max() / expected.grad.abs().max()
        assert error < 1e-5  # bfloat16 errs by some thousandths


def test_experts_and_mixtures_too():
    chance = torch.Generator().manual_seed(0)
    x, weight = torch.randn(4, 500, 64, generator=chance), torch.randn(4, 64, 32, generator=chance)
    with fast_products():
        found = torch.baddbmm(torch.zeros(4, 1, 32), x, weight)
    torch.testing.assert_close(found, (x.double() @ weight.double()).float(), rtol=1e-5, atol=1e-4)


def test_the_setting_is_as_before_afterwards():
    setting = torch.backends.mkldnn.matmul
    before = setting.fp32_precision
    with pytest.raises(RuntimeError), fast_products():
        raise RuntimeError
    assert setting.fp32_precision == before
