"""A linear layer whose weights are generated."""

import pytest
import torch

from recmtl.nn.generated import GeneratedLinear

SIZES = {"in_dim": 7, "out_dim": 5, "condition_dim": 3, "rank": 2}


def layer(**changes):
    torch.manual_seed(0)
    made = GeneratedLinear(**{**SIZES, "inner_rank": 6, "hidden": (4,), **changes})
    with torch.no_grad():
        for value in made.parameters():
            value.add_(0.3 * torch.randn(value.shape))
    return made


def matrix(factored):
    """The product of its factors, the last one first."""
    product = torch.eye(factored.factors[0].in_features)
    for factor in factored.factors:
        product = factor.weight @ product
    return product


def row_by_row(made, x_BI, z_BZ):
    """W = U S(z) V of each row, made whole."""
    rows = []
    for x_I, z_Z in zip(x_BI, z_BZ, strict=True):
        hidden = z_Z
        for part in made.generator:
            hidden = part(hidden)
        core_KK = (made.core.weight @ hidden + made.core.bias).reshape(2, 2)
        bias_O = made.generated_bias(hidden) if made.bias is None else made.bias
        rows.append(matrix(made.up) @ core_KK @ matrix(made.down) @ x_I + bias_O)
    return torch.stack(rows)


@pytest.mark.parametrize("generated_bias", [False, True])
@pytest.mark.parametrize("inner_rank", [0, 6])
@pytest.mark.parametrize("hidden", [(), (4, 3)])
def test_each_row_is_multiplied_by_weights_of_its_own(generated_bias, inner_rank, hidden):
    made = layer(generated_bias=generated_bias, inner_rank=inner_rank, hidden=hidden)
    x_BI, z_BZ = torch.randn(9, 7), torch.randn(9, 3)
    torch.testing.assert_close(made(x_BI, z_BZ), row_by_row(made, x_BI, z_BZ))


@pytest.mark.parametrize("generated_bias", [False, True])
def test_rows_of_one_group_have_the_same_weights(generated_bias):
    made = layer(generated_bias=generated_bias)
    x_BI, z_GZ, group_B = torch.randn(9, 7), torch.randn(3, 3), torch.tensor([0, 2, 1, 1, 0, 2, 2, 0, 1])
    torch.testing.assert_close(made(x_BI, z_GZ, group_B), row_by_row(made, x_BI, z_GZ[group_B]))


def test_factors_that_were_multiplied_out_give_what_they_give_one_by_one():
    """The over-parameterised layer and the one that it folds to."""
    made, folded = layer(), layer(inner_rank=0)
    with torch.no_grad():
        folded.load_state_dict(
            {name: value for name, value in made.state_dict().items() if "factors" not in name}, strict=False
        )
        for part in ("down", "up"):
            getattr(folded, part).factors[0].weight.copy_(matrix(getattr(made, part)))
    x_BI, z_BZ = torch.randn(9, 7), torch.randn(9, 3)
    first, second = made.down.factors
    one_by_one_BK = second(first(x_BI))
    torch.testing.assert_close(one_by_one_BK, x_BI @ made.down.weight().T)
    for train in (True, False):
        torch.testing.assert_close(made.train(train)(x_BI, z_BZ), folded(x_BI, z_BZ), rtol=2e-6, atol=1e-6)


def test_all_factors_learn():
    made = layer(generated_bias=True)
    made(torch.randn(9, 7), torch.randn(9, 3)).sum().backward()
    assert all(value.grad.any() for value in made.parameters())


def test_it_starts_near_the_layer_that_all_rows_share():
    torch.manual_seed(0)
    made = GeneratedLinear(40, 30, 8, rank=6, inner_rank=20, hidden=(16,))
    core_BKK = made.core(made.generator(torch.randn(100, 8) * 8**-0.5)).unflatten(1, (6, 6))
    assert (core_BKK - torch.eye(6)).abs().mean() < 0.15


@pytest.mark.parametrize("inner_rank", [0, 64])
def test_what_passes_it_keeps_its_scale(inner_rank):
    """Glorot's scale for the narrow matrices would leave a fifth of the variance."""
    torch.manual_seed(0)
    made = GeneratedLinear(256, 256, 8, rank=16, inner_rank=inner_rank)
    y_BO = made(torch.randn(500, 256), torch.zeros(500, 8))
    assert 0.6 < y_BO.var() < 1.6


def test_a_row_depends_on_no_other():
    made = layer()
    x_BI, z_BZ = torch.randn(9, 7), torch.randn(9, 3)
    together = made(x_BI, z_BZ)
    for row in range(9):
        torch.testing.assert_close(made(x_BI[row : row + 1], z_BZ[row : row + 1])[0], together[row])
