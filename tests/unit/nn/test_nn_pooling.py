from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from recmtl.batch import Ragged
from recmtl.nn.padded import padded_ids
from recmtl.nn.pooling import AttentionPooling, max_pooled, mean_pooled, sum_pooled

LENGTHS = [3, 0, 1, 5, 0, 2]
OFFSETS = torch.tensor([0, *LENGTHS]).cumsum(0)
COPIES, DIM = 2, 4
KINDS = ["sum", "mean", "max", "attention"]


def drawn(columns, seed=0, scale=1.0):
    chance = torch.Generator().manual_seed(seed)
    return scale * torch.randn(sum(LENGTHS), columns, generator=chance)


def of_rows(values_LD):
    return [values_LD[first:last] for first, last in pairwise(OFFSETS.tolist())]


def attention(seed=1):
    pooling = AttentionPooling(COPIES, DIM)
    with torch.no_grad():
        pooling.query.copy_(torch.randn(COPIES * DIM, generator=torch.Generator().manual_seed(seed)))
    return pooling


@pytest.mark.parametrize(
    ("pool", "trusted"),
    [(sum_pooled, np.sum), (mean_pooled, np.mean), (max_pooled, np.max)],
    ids=["sum", "mean", "max"],
)
def test_a_rows_values_are_pooled_over_their_true_number_and_none_give_zero(pool, trusted):
    values_LD = drawn(5) - 3  # mostly below zero: a maximum with padding would be 0
    found_BD = pool(values_LD, OFFSETS).numpy()
    for found_D, own_LD in zip(found_BD, of_rows(values_LD.numpy()), strict=True):
        np.testing.assert_allclose(found_D, trusted(own_LD, axis=0) if len(own_LD) else np.zeros(5), rtol=1e-5)


@pytest.mark.parametrize("pool", [sum_pooled, mean_pooled, max_pooled, attention().double()], ids=KINDS)
def test_gradients_are_right(pool):
    values_LD = drawn(COPIES * DIM).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda values: pool(values, OFFSETS), values_LD)


@pytest.mark.parametrize("pool", [sum_pooled, mean_pooled, max_pooled, attention()], ids=KINDS)
def test_no_value_in_the_whole_batch_gives_zeros(pool):
    nothing_LD = torch.empty(0, COPIES * DIM, requires_grad=True)
    found_BD = pool(nothing_LD, torch.zeros(4, dtype=torch.int64))
    found_BD.sum().backward()
    assert torch.equal(found_BD, torch.zeros(3, COPIES * DIM))


@pytest.mark.parametrize("targets", [False, True], ids=["query", "target"])
def test_attention_is_torchs_scaled_dot_product_attention_with_a_learnt_query(targets):
    pooling, vectors_LD = attention(), drawn(COPIES * DIM)
    target_BD = torch.randn(len(LENGTHS), COPIES * DIM, generator=torch.Generator().manual_seed(2)) if targets else None
    found_BD = pooling(vectors_LD, OFFSETS, target_BD)
    places_BL, known_BL = padded_ids(Ragged(torch.arange(len(vectors_LD)), OFFSETS))
    query_BD = pooling.query.expand(len(LENGTHS), -1) if target_BD is None else pooling.query * target_BD
    for copy in range(COPIES):
        columns = slice(copy * DIM, (copy + 1) * DIM)
        keys_BLD = vectors_LD[places_BL][..., columns]
        expected_B1D = F.scaled_dot_product_attention(
            query_BD[:, None, columns], keys_BLD, keys_BLD, attn_mask=known_BL.unsqueeze(1), scale=1.0
        )
        full_B = torch.tensor(LENGTHS) > 0
        torch.testing.assert_close(found_BD[full_B, columns], expected_B1D[full_B, 0])
        assert not found_BD[~full_B].any()


def test_attention_in_plain_loops():
    pooling, vectors_LD = attention(), drawn(COPIES * DIM)
    query = pooling.query.detach().numpy()
    for found_D, own_LD in zip(pooling(vectors_LD, OFFSETS).detach().numpy(), of_rows(vectors_LD.numpy()), strict=True):
        for copy in range(COPIES):
            columns = slice(copy * DIM, (copy + 1) * DIM)
            expected = np.zeros(DIM)
            weights = [np.exp(query[columns] @ vector[columns]) for vector in own_LD]
            for weight, vector in zip(weights, own_LD, strict=True):
                expected += weight / sum(weights) * vector[columns]
            np.testing.assert_allclose(found_D[columns], expected, rtol=1e-4, atol=1e-6)


def test_attention_starts_as_the_mean():
    vectors_LD = drawn(COPIES * DIM)
    torch.testing.assert_close(AttentionPooling(COPIES, DIM)(vectors_LD, OFFSETS), mean_pooled(vectors_LD, OFFSETS))


def test_attention_does_not_overflow():
    found_BD = attention()(drawn(COPIES * DIM, scale=1e4), OFFSETS)
    assert found_BD.isfinite().all()


def test_a_row_pools_to_the_same_bits_whatever_its_neighbours_are():
    pooling, vectors_LD = attention(), drawn(COPIES * DIM)
    together_BD = pooling(vectors_LD, OFFSETS)
    for row, own_LD in enumerate(of_rows(vectors_LD)):
        assert torch.equal(pooling(own_LD, torch.tensor([0, len(own_LD)]))[0], together_BD[row])
