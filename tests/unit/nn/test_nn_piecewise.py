import itertools
import math

import numpy as np
import pytest
import torch

from recmtl.nn.piecewise import PiecewiseLinear


def slow(knots, values):
    """The equation, number by number, in double; knots and values as float32 has them."""
    rows = []
    for row in values:
        encoded = []
        for value, own in zip(np.float32(row).tolist(), np.float32(knots).tolist(), strict=True):
            encoded.append(0.0 if math.isnan(value) else 1.0)
            for low, high in itertools.pairwise(own):
                reach = 0.0 if math.isnan(value) or high == low else (value - low) / (high - low)
                encoded.append(min(max(reach, 0.0), 1.0))
        rows.append(encoded)
    return np.array(rows)


@pytest.mark.parametrize(
    "knots",
    [
        [[0.0, 1.0, 4.0], [-3.0, -1.0, 2.0]],
        [[0.0, 0.0, 1.0], [2.0, 2.0, 2.0]],
        [[1.6e9, 1.6e9 + 1000, 1.6e9 + 86400], [-1e-4, 0.0, 1e-4]],
        [[0.0, 1e-12, 1e12], [-1e30, 0.0, 1e30]],
        [[5.0, 6.0]],
    ],
)
def test_agrees_with_a_slow_loop(knots):
    chance = np.random.default_rng(0)
    near = chance.choice(np.ravel(knots), (200, len(knots))) * (1 + chance.normal(0, 1e-3, (200, len(knots))))
    values = np.concatenate([near, chance.normal(0, 3, (200, len(knots))), np.array(knots).T])
    values[::7, 0] = np.nan
    encoder = PiecewiseLinear(knots)
    found = encoder(torch.tensor(values, dtype=torch.float32))
    assert found.shape == (len(values), encoder.out_dim) and encoder.out_dim == np.size(knots)
    np.testing.assert_allclose(found.numpy(), slow(knots, values), atol=1e-6)


def test_a_missing_number_is_zeros_alone_and_its_neighbour_is_not_touched():
    encoder = PiecewiseLinear([[-1.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    found = encoder(torch.tensor([[math.nan, 1.5]]))  # 0 would lie within the first number's knots
    assert found.tolist() == [[0, 0, 0, 1, 1, 0.5]]


def test_the_ends():
    encoder = PiecewiseLinear([[10.0, 20.0, 40.0]])
    values = torch.tensor([[-math.inf], [9.0], [10.0], [20.0], [40.0], [1e30], [math.inf]])
    assert encoder(values)[:, 1:].tolist() == [[0, 0], [0, 0], [0, 0], [1, 0], [1, 1], [1, 1], [1, 1]]
    assert encoder(values)[:, 0].tolist() == [1] * 7


@pytest.mark.parametrize(
    "knots",
    [
        (0.0, 1e-50, 1.0),  # apart in double, together in float32
        (0.0, 1e-40, 1.0),  # so near that the slope overflows
        (0.0, 1.0, 1.7e308),  # a sentinel beyond float32
        (16777217.1, 16777220.9, 16777230.0),  # rounds unevenly
    ],
)
def test_a_value_on_a_knot_is_finite_and_has_all_the_way_to_it(knots):
    encoder = PiecewiseLinear([knots])
    reach = encoder(torch.tensor([[knot] for knot in knots], dtype=torch.float64).float())[:, 1:]
    assert reach.isfinite().all()
    single = np.float32(np.clip(knots, -3.4e38, 3.4e38))
    for place in range(1, 3):
        if single[place] - single[place - 1] > 1e-37:
            assert reach[place, place - 1] == pytest.approx(1)
            assert reach[place - 1, place - 1] == pytest.approx(0)


def test_there_is_nothing_to_learn_and_nothing_to_save():
    encoder = PiecewiseLinear([[0.0, 1.0]])
    assert not list(encoder.parameters()) and not encoder.state_dict()
