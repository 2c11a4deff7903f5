from math import ceil, log, log2

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recmtl.nn.dselect_k import Constant, bits, dselect_k, entropy, lost_mass, selected, smooth_step, start
from recmtl.nn.scores import Scores


def chance(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 3.0])
def test_the_smooth_step_is_the_papers_cubic_between_its_flat_ends(gamma):
    inside = torch.linspace(-0.49, 0.49, 15, dtype=torch.float64) * gamma
    cubic = -2 * inside**3 / gamma**3 + 3 * inside / (2 * gamma) + 0.5
    torch.testing.assert_close(smooth_step(inside, gamma), cubic)
    outside = torch.tensor([-9.0, -0.5, 0.5, 9.0]) * gamma
    assert smooth_step(outside, gamma).tolist() == [0.0, 0.0, 1.0, 1.0]


def test_its_slope_is_continuous_and_0_outside():
    value = torch.tensor([-2.0, -0.5001, -0.4999, 0.0, 0.4999, 0.5001, 2.0], requires_grad=True)
    smooth_step(value, 1.0).sum().backward()
    torch.testing.assert_close(value.grad, torch.tensor([0, 0, 0, 1.5, 0, 0, 0]), rtol=0, atol=2e-3)


@pytest.mark.parametrize(("experts", "expected"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4)])
def test_a_code_has_as_many_bits_as_it_takes(experts, expected):
    assert bits(experts) == expected == ceil(log2(experts))


@pytest.mark.parametrize("experts", range(1, 10))
def test_a_selectors_mass_is_the_product_over_the_bits_of_an_experts_number(experts):
    step_BM = torch.rand(5, bits(experts), generator=chance(0))
    r_BE = selected(step_BM, experts)
    assert r_BE.shape == (5, experts)
    for row in range(5):
        for expert in range(experts):
            product = 1.0
            for bit in range(bits(experts)):
                step = step_BM[row, bit].item()
                product *= step if expert >> bit & 1 else 1 - step
            assert r_BE[row, expert].item() == pytest.approx(product, rel=1e-5)


@pytest.mark.parametrize(("experts", "k"), [(4, 1), (8, 3), (6, 2)])
def test_weights_are_the_selectors_masses_weighed_by_a_softmax(experts, k):
    m = bits(experts)
    score_BGN = torch.randn(7, 2, k * (m + 1), generator=chance(1)) / 3
    weight_BGE, r_BGKE = dselect_k(score_BGN, experts, k, gamma=1.0)
    share_BGK = score_BGN[..., k * m :].exp() / score_BGN[..., k * m :].exp().sum(-1, keepdim=True)
    expected = torch.zeros(7, 2, experts)
    for selector in range(k):
        z_BGM = score_BGN[..., selector * m : (selector + 1) * m]
        r_BGE = selected(smooth_step(z_BGM, 1.0), experts)
        torch.testing.assert_close(r_BGKE[:, :, selector], r_BGE)
        expected += share_BGK[..., selector : selector + 1] * r_BGE
    torch.testing.assert_close(weight_BGE, expected)


@given(experts=st.integers(1, 12), k=st.integers(1, 4), seed=st.integers(0, 99), gamma=st.floats(0.1, 4))
def test_once_all_choices_are_final_at_most_k_experts_count_and_their_weights_add_up_to_1(experts, k, seed, gamma):
    m = bits(experts)
    code_GK = torch.randint(experts, (5, k), generator=chance(seed))
    bit_GKM = torch.stack([code_GK >> bit & 1 for bit in range(m)], -1) if m else code_GK[..., None][..., :0]
    z_GZ = ((bit_GKM - 0.5) * gamma * 1.01).flatten(1)
    weight_BGE, r_BGKE = dselect_k(
        torch.cat([z_GZ, torch.randn(5, k, generator=chance(seed))], 1).unsqueeze(0), experts, k, gamma
    )
    assert weight_BGE.count_nonzero(-1).max() <= k
    torch.testing.assert_close(weight_BGE.sum(-1), torch.ones(1, 5))
    assert r_BGKE[0].argmax(-1).equal(code_GK)
    torch.testing.assert_close(entropy(r_BGKE), torch.zeros(1, 5), rtol=0, atol=1e-4)
    torch.testing.assert_close(lost_mass(r_BGKE), torch.full((1, 5), float(k)))


@pytest.mark.parametrize("experts", [2, 4, 8])
def test_with_a_power_of_two_experts_nothing_is_lost(experts):
    weight_BGE, _ = dselect_k(torch.randn(9, 3, 2 * (bits(experts) + 1), generator=chance(2)), experts, 2, 1.0)
    torch.testing.assert_close(weight_BGE.sum(-1), torch.ones(9, 3))


@pytest.mark.parametrize("experts", [3, 5, 6])
def test_otherwise_the_mass_of_codes_without_an_expert_is_lost(experts):
    m = bits(experts)
    score_BGN = torch.randn(9, 3, m + 1, generator=chance(2)) / 5
    weight_BGE, r_BGKE = dselect_k(score_BGN, experts, 1, 1.0)
    every_BGKE = selected(smooth_step(score_BGN[..., :m], 1.0), 2**m)
    torch.testing.assert_close(1 - weight_BGE.sum(-1), every_BGKE[..., experts:].sum(-1))
    torch.testing.assert_close(lost_mass(r_BGKE), 1 / weight_BGE.sum(-1))


def test_the_penalty_leads_a_selector_out_of_a_code_without_an_expert():
    """Code 3 of three experts: both bits 1."""
    z = torch.tensor([0.45, 0.4, 0.0], requires_grad=True)
    optimizer = torch.optim.SGD([z], 0.01)
    for _ in range(200):
        optimizer.zero_grad()
        _, r = dselect_k(z.view(1, 1, 3), 3, 1, 1.0)
        lost_mass(r).sum().backward()
        optimizer.step()
    assert dselect_k(z.view(1, 1, 3), 3, 1, 1.0)[0].sum() > 0.95


def test_a_selector_that_has_lost_everything_has_finite_losses_and_gradients():
    z = torch.tensor([9.0, 9.0, 0.0], requires_grad=True)
    weight_BGE, r_BGKE = dselect_k(z.view(1, 1, 3), 3, 1, 1.0)
    loss = lost_mass(r_BGKE).sum() + entropy(r_BGKE).sum() + weight_BGE.sum()
    loss.backward()
    assert loss.isfinite() and z.grad.isfinite().all()


def test_entropy_is_that_of_equal_weights_at_first():
    _, r_BGKE = dselect_k(torch.zeros(1, 1, 3 * 4), 8, 3, 1.0)
    assert entropy(r_BGKE).item() == pytest.approx(3 * log(8), rel=1e-4)


def test_a_gate_finds_the_experts_that_it_needs():
    """Of eight, the second and the fifth, by gradients alone."""
    wanted = torch.zeros(8)
    wanted[1], wanted[4] = 0.7, 0.3
    scores = Constant(1, 2 * 4)
    torch.manual_seed(0)
    start(scores, 2, 8, 1.0)
    optimizer = torch.optim.Adam(scores.parameters(), 0.02)
    for _ in range(500):
        optimizer.zero_grad()
        weight_BGE, r_BGKE = dselect_k(scores(torch.empty(0)), 8, 2, 1.0)
        ((weight_BGE - wanted).square().sum() + 1e-3 * entropy(r_BGKE).sum()).backward()
        optimizer.step()
    weight_E = dselect_k(scores(torch.empty(0)), 8, 2, 1.0)[0].flatten()
    assert (weight_E > 1e-6).tolist() == (wanted > 0).tolist()
    torch.testing.assert_close(weight_E.detach(), wanted, rtol=0, atol=0.02)


@pytest.mark.parametrize("build", [lambda: Constant(3, 2 * 4), lambda: Scores(10, 3, 2 * 4, bias=True),
                                   lambda: Scores(10, 3, 2 * 4, (5,), bias=True)])  # fmt: skip
def test_scores_start_where_the_authors_start_them(build):
    scores = build()
    start(scores, 2, 8, gamma=0.5)
    for value in scores.parameters(recurse=False):
        of_gate = value.detach().view(3, 8, -1).abs()
        assert 0.001 < of_gate[:, :6].max() <= 0.005 < of_gate[:, 6:].max() <= 0.05


def test_scores_in_bfloat16_are_weighed_in_single():
    weight_BGE, r_BGKE = dselect_k(torch.randn(4, 2, 6).bfloat16(), 4, 2, 1.0)
    assert weight_BGE.dtype == r_BGKE.dtype == torch.float32
