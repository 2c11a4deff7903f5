import math

import numpy as np
import torch

from recmtl.nn.linear_numbers import LinearNumbers

KNOTS = [[0.0, 1.0, 2.0, 3.0, 4.0], [-10.0, 0.0, 5.0, 15.0, 40.0]]


def layer(zeros=0):
    torch.manual_seed(0)
    return LinearNumbers(KNOTS, columns=4, scale=0.25, zeros=zeros)


def of(numbers):
    """The vectors of numbers, and those of missing ones."""
    return numbers.vectors.detach().unflatten(0, (2, 2, -1))


def test_a_number_is_its_standardised_value_times_a_vector_of_its_own():
    numbers, values_BN = layer(), torch.tensor([[0.5, 7.0], [2.0, -3.0], [4.0, 40.0]])
    weight_NW, found_BNW = of(numbers)[0].numpy(), numbers(values_BN).detach().numpy()
    for row, values_N in enumerate(values_BN.tolist()):
        for n, value in enumerate(values_N):
            scaled = (value - np.mean(KNOTS[n])) / np.std(KNOTS[n])
            np.testing.assert_allclose(found_BNW[row, n], scaled * weight_NW[n], rtol=1e-4, atol=1e-6)


def test_a_missing_number_is_another_learnt_vector():
    numbers = layer()
    found_BNW = numbers(torch.tensor([[math.nan, 1.0], [math.nan, math.nan]]))
    missing_NW = of(numbers)[1]
    assert torch.equal(found_BNW[0, 0], missing_NW[0]) and torch.equal(found_BNW[1], missing_NW)
    found_BNW.sum().backward()
    weight_NW, missing_NW = numbers.vectors.grad.unflatten(0, (2, 2, 4))
    assert torch.equal(missing_NW, torch.tensor([[2.0] * 4, [1.0] * 4]))
    assert weight_NW.isfinite().all() and not weight_NW[0].any() and weight_NW[1].any()


def test_vectors_start_within_the_scale_and_further_columns_at_zero():
    start_2NW = layer(zeros=3).vectors.detach().unflatten(0, (2, 2, 7))
    assert start_2NW[..., :4].abs().max() <= 0.25 and start_2NW[..., :4].all() and not start_2NW[..., 4:].any()
