import torch

from recmtl.nn.meta_layer import MetaLayer

Z_BC = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
H_BKD = torch.randn(6, 2, 4, generator=torch.Generator().manual_seed(2))


def test_each_rows_weights_and_biases_are_linear_in_its_condition():
    torch.manual_seed(0)
    layer = MetaLayer(4, 3)
    torch.nn.init.normal_(layer.biases.bias)
    found = layer(H_BKD, Z_BC)
    for row in range(6):
        weight_DD = (layer.weights.weight @ Z_BC[row] + layer.weights.bias).reshape(4, 4)
        bias_D = layer.biases.weight @ Z_BC[row] + layer.biases.bias
        for place in range(2):
            torch.testing.assert_close(found[row, place], H_BKD[row, place] @ weight_DD + bias_D)


def test_it_starts_near_one_layer_for_all_rows():
    torch.manual_seed(0)
    layer = MetaLayer(64, 8)
    usual, added = layer.weights.bias.detach().std(), layer.weights.weight.detach().std()
    assert 0.9 < float(usual) * 64**0.5 < 1.1
    assert added < usual / 4
