import pytest
import torch

from recmtl.nn.cin import CIN


@pytest.mark.parametrize("maps", [(4,), (4, 3), (2, 5, 3)])
def test_it_is_the_papers_sums_in_plain_loops(maps):
    torch.manual_seed(0)
    fields_BFD = torch.randn(2, 3, 2)
    network = CIN(3, maps)
    found_BP = network(fields_BFD)
    assert found_BP.shape == (2, sum(maps)) and network.out_dim == sum(maps)
    for row in range(2):
        first, before, pooled = list(fields_BFD[row]), list(fields_BFD[row]), []
        for layer, count in zip(network.layer, maps, strict=True):
            weight_HIJ = layer.weight.view(count, len(before), 3)
            before = [
                sum(weight_HIJ[h, i, j] * before[i] * first[j] for i in range(len(before)) for j in range(3))
                for h in range(count)
            ]
            pooled += [each_D.sum() for each_D in before]
        torch.testing.assert_close(found_BP[row], torch.stack(pooled))


def test_a_layer_has_one_degree_more_than_the_one_before():
    torch.manual_seed(0)
    fields_BFD, network = torch.randn(2, 3, 2), CIN(3, (4, 4))
    once_BP, twice_BP = network(fields_BFD), network(2 * fields_BFD)
    torch.testing.assert_close(twice_BP[:, :4], 4 * once_BP[:, :4])
    torch.testing.assert_close(twice_BP[:, 4:], 8 * once_BP[:, 4:])


def test_many_rows_are_each_as_alone():
    torch.manual_seed(0)
    fields_BFD, network = torch.randn(300, 3, 2), CIN(3, (4, 4))
    alone_BP = torch.cat([network(row_BFD) for row_BFD in fields_BFD.split(1)])
    torch.testing.assert_close(network(fields_BFD), alone_BP)
    assert network(fields_BFD[:0]).shape == (0, 8)
