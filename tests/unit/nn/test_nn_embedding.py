import hashlib

import pytest
import torch

from recmtl.batch import Ragged
from recmtl.nn.embedding import Embeddings

LISTS = [[1, 4, 4], [], [2], [0, 1, 2, 3, 4, 5], [5, 5]]


def ragged(lists):
    offsets = torch.tensor([0, *(len(row) for row in lists)]).cumsum(0)
    return Ragged(torch.tensor([value for row in lists for value in row], dtype=torch.int32), offsets)


def tables():
    return Embeddings({"a": 3, "b": 6}, dim=5, seed=1)


def test_pooling_is_the_mean_over_the_true_length():
    embeddings = tables()
    pooled_BD = embeddings.pooled(ragged(LISTS), "b")
    table = embeddings.weight.detach().numpy()[3:9]
    for row, values in enumerate(LISTS):
        expected = table[values].mean(0) if values else 0 * table[0]
        torch.testing.assert_close(pooled_BD[row].detach(), torch.tensor(expected))


@pytest.mark.parametrize("neighbours", [[], [[0] * 50], [[], [1]]])
def test_a_rows_pool_does_not_depend_on_its_neighbours_lengths(neighbours):
    embeddings = tables()
    alone = embeddings.pooled(ragged([[1, 4, 4]]), "b")
    among = embeddings.pooled(ragged([*neighbours, [1, 4, 4], *neighbours]), "b")
    assert torch.equal(among[len(neighbours)], alone[0])


def test_a_sequence_without_any_value_in_the_batch_is_zero_and_has_no_gradient():
    embeddings = tables()
    pooled_BD = embeddings.pooled(ragged([[], []]), "b")
    pooled_BD.sum().backward()
    assert torch.equal(pooled_BD, torch.zeros(2, 5))
    assert embeddings.weight.grad.coalesce().indices().numel() == 0


@pytest.mark.parametrize("rows", [1, 2, 15, 16, 17, 1000])
@pytest.mark.parametrize("dim", [1, 3, 16])
def test_a_table_that_grows_keeps_its_rows(rows, dim):
    before = Embeddings({"a": rows, "b": rows}, dim, seed=4)
    after = Embeddings({"new": 2, "a": rows + 37, "b": rows + 1}, dim, seed=4)
    for name in ("a", "b"):
        old = before.weight[before.first[name] : before.first[name] + rows]
        assert torch.equal(after.weight[after.first[name] : after.first[name] + rows], old)


def test_a_scale_bounds_the_start():
    usual, small = (Embeddings({"a": 500}, 4, 0, scale).weight.detach() for scale in (1.0, 0.1))
    torch.testing.assert_close(small, 0.1 * usual)


def test_tables_and_seeds_start_differently_and_within_bounds():
    one = Embeddings({"a": 2000, "b": 2000}, 4, seed=0).weight.detach()
    other = Embeddings({"a": 2000}, 4, seed=1).weight.detach()
    assert not (one[:2000] == one[2000:]).any() and not (one[:2000] == other).any()
    assert one.abs().max() <= 0.5  # dim^-1/2
    assert abs(one.std().item() - 0.5 / 3**0.5) < 0.01
    assert abs(one.mean().item()) < 0.01


def test_each_feature_reads_its_own_table():
    embeddings = tables()
    first_F = embeddings.first_rows(["b", "a", "b"])
    vectors_BFD = embeddings.single(torch.tensor([[5, 2, 0], [0, 0, 1]], dtype=torch.int32), first_F)
    expected = embeddings.weight[torch.tensor([[3 + 5, 2, 3 + 0], [3, 0, 3 + 1]])]
    assert torch.equal(vectors_BFD, expected)


def test_gradients_are_sparse_and_touch_the_rows_that_were_read():
    embeddings = tables()
    single = embeddings.single(torch.tensor([[2], [2]], dtype=torch.int32), embeddings.first_rows(["a"]))
    pooled = embeddings.pooled(ragged([[0, 5], [5]]), "b")
    (single.sum() + pooled.sum()).backward()
    assert embeddings.weight.grad.is_sparse
    expected = torch.zeros(9)
    expected[[2, 3, 8]] = torch.tensor([2.0, 0.5, 1.5])  # read twice; half of a mean; half of one and all of another
    torch.testing.assert_close(embeddings.weight.grad.to_dense(), expected.unsqueeze(1).expand(9, 5))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_tables_start_does_not_depend_on_threads_or_on_other_tables(threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        rows = {"a": 3, "b": 70_000, "c": 1, "d": 5_000}
        together = Embeddings(rows, dim=5, seed=1)
        for name, count in rows.items():
            alone = Embeddings({name: count + 2}, dim=5, seed=1).weight[:count]
            assert torch.equal(together.weight[together.first[name] :][:count], alone)
    finally:
        torch.set_num_threads(before)


def test_a_tables_start_is_uniform_and_stays_what_it_was():
    digest = hashlib.sha256(b"1:b").digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    expected = torch.empty(6, 5).uniform_(-1, 1, generator=generator) * 5**-0.5
    assert torch.equal(tables().weight[3:9], expected)
