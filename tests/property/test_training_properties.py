"""Properties of what training is made of: the order of rows, numbers' encoding, learning rates."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recmtl.data.order import positions, shuffled
from recmtl.nn.piecewise import PiecewiseLinear
from recmtl.training.learning_rate import ConstantConfig, CosineConfig, ExponentialConfig

PATIENT = settings(deadline=None)
GROUPS = st.lists(st.integers(0, 6), max_size=12)
WINDOW, SEED = st.integers(1, 20), st.integers(0, 2**32 - 1)
NUMBER = st.floats(-1e37, 1e37)


def epoch_order(groups, window, seed, epoch):
    return positions(shuffled(groups, window, seed, epoch), groups)


@PATIENT
@given(GROUPS, WINDOW, SEED, st.integers(0, 1000))
def test_an_epoch_visits_every_row_once_and_stays_within_windows(groups, window, seed, epoch):
    order = epoch_order(groups, window, seed, epoch)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(sum(groups)))
    of_row = np.repeat(np.arange(len(groups)), groups)[order]
    # rows of a group lie within one window: the windows follow each other, each of at most so many groups
    seen: list[set[int]] = []
    for group in of_row.tolist():
        if not any(group in one for one in seen):
            if not seen or len(seen[-1]) == window:
                seen.append(set())
            seen[-1].add(group)
    place = {group: i for i, one in enumerate(seen) for group in one}
    if all(groups):
        visited = [place[group] for group in of_row.tolist()]
        assert visited == sorted(visited)


@PATIENT
@given(GROUPS, WINDOW, SEED, st.integers(0, 1000))
def test_the_order_is_a_function_of_what_it_says(groups, window, seed, epoch):
    assert np.array_equal(epoch_order(groups, window, seed, epoch), epoch_order(groups, window, seed, epoch))


@PATIENT
@given(
    st.lists(NUMBER, min_size=2, max_size=8).map(sorted),
    st.lists(st.one_of(NUMBER, st.just(float("nan"))), min_size=1, max_size=8),
)
def test_numbers_are_encoded_within_bounds_in_order_and_as_the_equation_says(knots, values):
    values = sorted(values, key=lambda value: (np.isnan(value), value)) + knots
    single = np.float32(values)
    found = PiecewiseLinear([knots])(torch.from_numpy(single).unsqueeze(1)).numpy()
    assert np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1
    known = ~np.isnan(single)
    assert np.array_equal(found[:, 0], known) and not found[~known].any()
    in_order = found[known][np.argsort(single[known], kind="stable"), 1:]
    assert (np.diff(in_order, axis=0) >= 0).all()
    low, high = np.float32(knots[:-1]).astype(float), np.float32(knots[1:]).astype(float)
    width = np.where(high - low >= np.finfo(np.float32).tiny, high - low, np.inf)
    expected = np.clip((single[known, None].astype(float) - low) / width, 0, 1)
    np.testing.assert_allclose(found[known, 1:], expected, atol=2e-6)


@PATIENT
@given(
    st.sampled_from([ConstantConfig, CosineConfig, ExponentialConfig]),
    st.integers(0, 30),
    st.integers(1, 60),
    st.floats(0.001, 1),
)
def test_rates_rise_to_the_full_rate_then_never_rise_again(kind, warmup, steps, floor):
    config = kind(warmup_steps=warmup, **({} if kind is ConstantConfig else {"floor": floor}))
    factors = [config.factor(step, steps) for step in range(steps + 1)]
    assert all(0 < factor <= 1 for factor in factors)
    rise, rest = factors[:warmup], factors[warmup:]
    assert rise == sorted(rise)
    assert rest == sorted(rest, reverse=True)
    assert not rest or rest[0] == 1
