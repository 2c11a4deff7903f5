import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recmtl.pruning.magnitude import cut, full_mask, geometric_counts
from recmtl.pruning.tickets import Trial, choose

PATIENT = settings(deadline=None)


@st.composite
def weights_and_counts(draw):
    """Tensors with many equal weights, and falling counts."""
    sizes = draw(st.lists(st.integers(1, 8), min_size=1, max_size=3))
    weights = {
        f"w{place}": torch.tensor(draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size)), dtype=torch.float32)
        for place, size in enumerate(sizes)
    }
    counts = draw(st.lists(st.integers(0, sum(sizes)), min_size=1, max_size=4))
    return weights, sorted(counts, reverse=True)


def flat(parts):
    return torch.cat([parts[name] for name in sorted(parts)])


@PATIENT
@given(weights_and_counts())
def test_cuts_are_exact_nested_and_take_the_smallest(drawn):
    weights, counts = drawn
    mask = full_mask(weights)
    for keep in counts:
        smaller = cut(mask, weights, keep)
        before, after, size = flat(mask), flat(smaller), flat(weights).abs()
        assert int(after.sum()) == keep
        assert not (after & ~before).any()
        lost = before & ~after
        if after.any() and lost.any():
            assert size[after].min() >= size[lost].max()
            tied = size[after].min()
            if tied == size[lost].max():  # the first in order stayed
                assert (after & (size == tied)).nonzero().max() < (lost & (size == tied)).nonzero().min()
        mask = smaller


@PATIENT
@given(weights_and_counts())
def test_a_cut_does_not_depend_on_the_order_of_names_or_on_signs(drawn):
    weights, counts = drawn
    turned = {name: -weights[name] for name in reversed(weights)}
    one, other = cut(full_mask(weights), weights, counts[0]), cut(full_mask(turned), turned, counts[0])
    assert all(torch.equal(one[name], other[name]) for name in weights)


@PATIENT
@given(st.integers(1, 10**9), st.floats(0.001, 0.999), st.integers(1, 12))
def test_counts_never_rise_and_end_at_the_final_rate(total, final_rate, iterations):
    counts = geometric_counts(total, final_rate, iterations)
    assert len(counts) == iterations
    assert total >= counts[0] and counts == sorted(counts, reverse=True)
    assert abs(counts[-1] - total * final_rate) <= 0.5 + 1e-9 * total


@PATIENT
@given(st.lists(st.tuples(st.integers(1, 99), st.floats(-1, 1)), min_size=1, max_size=8), st.floats(0, 0.5))
def test_the_chosen_ticket_is_good_enough_and_none_that_is_good_enough_is_smaller(drawn, tolerance):
    trials = [Trial({}, kept, 100, score) for kept, score in drawn]
    best = max(trial.score for trial in trials)
    good = [trial for trial in trials if trial.score >= best - tolerance]
    assert trials[choose(trials, tolerance)] in good
    assert trials[choose(trials, tolerance)].kept == min(trial.kept for trial in good)
