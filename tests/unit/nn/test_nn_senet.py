import pytest
import torch

from recmtl.nn.senet import SENET


@pytest.mark.parametrize(("num_fields", "reduction", "hidden"), [(6, 3, 2), (7, 3, 2), (2, 3, 1), (4, 1, 4)])
def test_it_weighs_fields_as_plain_loops_do(num_fields, reduction, hidden):
    torch.manual_seed(0)
    layer, fields_BFD = SENET(num_fields, reduction), torch.randn(4, num_fields, 3)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    assert layer.squeeze.out_features == hidden
    found_BFD = layer(fields_BFD)
    for row in range(4):
        mean_F = torch.stack([fields_BFD[row, i].sum() / 3 for i in range(num_fields)])
        hidden_H = [torch.relu(layer.squeeze.weight[h] @ mean_F + layer.squeeze.bias[h]) for h in range(hidden)]
        for i in range(num_fields):
            score = sum(layer.excite.weight[i, h] * hidden_H[h] for h in range(hidden)) + layer.excite.bias[i]
            torch.testing.assert_close(found_BFD[row, i], torch.relu(score) * fields_BFD[row, i])


def test_all_fields_pass_at_the_start_and_none_is_shut_for_good():
    # without biases, as public code has it, about half of the fields give zero in every row and get no gradient
    for seed in range(20):
        torch.manual_seed(seed)
        layer, fields_BFD = SENET(3, 3), 0.1 * torch.randn(64, 3, 4)
        found_BFD = layer(fields_BFD)
        assert (found_BFD / fields_BFD > 0.2).all()
        (found_BFD * torch.randn(64, 3, 4)).sum().backward()
        assert layer.excite.bias.grad.all()
