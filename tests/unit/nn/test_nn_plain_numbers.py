import torch

from recmtl.nn.plain_numbers import PlainNumbers

KNOTS = [(0.0, 1.0, 5.0), (-2.0, -2.0, -2.0)]  # mean 2, standard deviation sqrt(14 / 3)


def test_a_number_is_standardised_by_its_knots():
    found_BN = PlainNumbers(KNOTS)(torch.tensor([[2.0, -2.0], [5.0, -2.0]]))
    torch.testing.assert_close(found_BN, torch.tensor([[0.0, 0.0], [3 / (14 / 3) ** 0.5, 0.0]]))


def test_values_outside_the_knots_count_as_the_nearest():
    plain = PlainNumbers(KNOTS)
    inside, outside = torch.tensor([[0.0, -2.0], [5.0, -2.0]]), torch.tensor([[-1e30, 3.0], [torch.inf, -7.0]])
    assert torch.equal(plain(outside), plain(inside))


def test_a_missing_number_is_zero():
    assert torch.equal(PlainNumbers(KNOTS)(torch.tensor([[torch.nan, torch.nan]])), torch.zeros(1, 2))


def test_knots_beyond_single_precision_give_finite_values():
    found_BN = PlainNumbers([(-1e300, 0.0, 1e300)])(torch.tensor([[3e38], [-3e38], [torch.nan]]))
    assert found_BN.isfinite().all()
