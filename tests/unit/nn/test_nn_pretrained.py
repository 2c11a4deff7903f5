import numpy as np
import torch

from recmtl.nn.pretrained import PretrainedVectors, ProjectedVectors
from recmtl.schema import FIRST_ID, MISSING, UNSEEN

CHANCE = np.random.default_rng(0)
TABLES = [
    np.concatenate([np.zeros((FIRST_ID, dim)), CHANCE.normal(size=(rows, dim))]).astype(np.float32)
    for rows, dim in ((4, 3), (6, 2))
]
IDS_BV = torch.tensor([[FIRST_ID, FIRST_ID + 5], [MISSING, FIRST_ID + 1], [FIRST_ID + 3, UNSEEN]], dtype=torch.int32)


def test_a_row_reads_whether_it_has_a_vector_and_the_vector():
    for train in (False, True):
        found_BI = PretrainedVectors(TABLES, train)(IDS_BV).detach().numpy()
        for row, ids in enumerate(IDS_BV.tolist()):
            expected = np.concatenate([[i >= FIRST_ID, *table[i]] for i, table in zip(ids, TABLES, strict=True)])
            np.testing.assert_array_equal(found_BI[row], expected.astype(np.float32))


def test_frozen_vectors_are_no_parameters_and_in_no_checkpoint():
    vectors = PretrainedVectors(TABLES)
    assert not list(vectors.parameters()) and not vectors.state_dict() and not vectors.tables()


def test_trained_vectors_have_sparse_gradients_and_are_in_the_checkpoint():
    vectors = PretrainedVectors(TABLES, train=True)
    vectors(IDS_BV).sum().backward()
    assert [table.grad.is_sparse for table in vectors.tables()] == [True, True]
    touched = vectors.tables()[0].grad.to_dense().any(1).nonzero()[:, 0].tolist()
    assert touched == [MISSING, FIRST_ID, FIRST_ID + 3]
    assert set(vectors.state_dict()) == {"vectors_0", "vectors_1"}


def test_training_leaves_the_callers_array_as_it_was():
    before, vectors = TABLES[0].copy(), PretrainedVectors(TABLES, train=True)
    with torch.no_grad():
        vectors.tables()[0].add_(1)
    np.testing.assert_array_equal(TABLES[0], before)


def test_a_projected_vector_is_a_field_through_a_linear_map_of_its_own():
    torch.manual_seed(0)
    vectors = ProjectedVectors(TABLES, columns=8, dim=4, zeros=2)
    with torch.no_grad():
        for place, projection in enumerate(vectors.projections):
            projection.bias.fill_(place + 1)
    found_BVW = vectors(IDS_BV).detach().numpy()
    assert found_BVW.shape == (3, 2, 10)
    for v, (table, projection) in enumerate(zip(TABLES, vectors.projections, strict=True)):
        weight_WI = projection.weight.detach().numpy()
        for row, i in enumerate(IDS_BV[:, v].tolist()):
            np.testing.assert_allclose(found_BVW[row, v], weight_WI @ table[i] + v + 1, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found_BVW[1, 0], 1.0)  # no vector: the bias, which is learnt


def test_the_columns_of_zeros_start_there_and_no_two_copies_alike():
    weight_WI = ProjectedVectors(TABLES, columns=8, dim=4, zeros=2).projections[0].weight.detach()
    assert weight_WI[:8].all() and not weight_WI[8:].any()
    assert not torch.equal(weight_WI[:4], weight_WI[4:8])
