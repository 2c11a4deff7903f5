import torch

from recmtl.nn.widening import Widening

COPIES, DIM, OUT, KEPT = 2, 3, 5, 2
TABLES_F = [1, 0, 1]


def test_each_field_and_copy_is_mapped_by_its_tables_matrix_and_the_rest_stays():
    torch.manual_seed(0)
    widening, vectors_BFW = Widening(2, COPIES, DIM, OUT), torch.randn(4, 3, COPIES * DIM + KEPT)
    found_BFW = widening(vectors_BFW, TABLES_F)
    assert found_BFW.shape == (4, 3, COPIES * OUT + KEPT)
    for field, table in enumerate(TABLES_F):
        for copy in range(COPIES):
            narrow_BD = vectors_BFW[:, field, copy * DIM : (copy + 1) * DIM]
            expected_BO = narrow_BD @ widening.weight[table, copy]
            torch.testing.assert_close(found_BFW[:, field, copy * OUT : (copy + 1) * OUT], expected_BO)
    assert torch.equal(found_BFW[..., COPIES * OUT :], vectors_BFW[..., COPIES * DIM :])


def test_a_zero_vector_stays_zero():
    assert not Widening(1, 1, DIM, OUT)(torch.zeros(2, 1, DIM), [0]).any()


def test_fields_start_as_large_as_vectors_of_the_full_width():
    torch.manual_seed(0)
    narrow, full = 4, 64
    vectors_B1D = torch.empty(2000, 1, narrow).uniform_(-(narrow**-0.5), narrow**-0.5)
    expected = torch.empty(2000, full).uniform_(-(full**-0.5), full**-0.5).std().item()
    assert abs(Widening(1, 1, narrow, full)(vectors_B1D, [0]).std().item() / expected - 1) < 0.1
