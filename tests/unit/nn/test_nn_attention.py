import pytest
import torch

from recmtl.nn.attention import FieldAttention


@pytest.mark.parametrize("num_heads", [1, 2, 4])
def test_it_is_torchs_attention_without_a_scale_then_the_residual(num_heads):
    torch.manual_seed(0)
    dim, width = 8, 8 // num_heads  # torch's heads together are as wide as the input
    ours = FieldAttention(dim, num_heads, width)
    twin = torch.nn.MultiheadAttention(dim, num_heads, bias=False, batch_first=True)
    query_OD, key_OD, value_OD, residual_OD = ours.project.weight.detach().chunk(4)
    with torch.no_grad():
        twin.in_proj_weight.copy_(torch.cat([query_OD * width**0.5, key_OD, value_OD]))  # undoes torch's scale
        twin.out_proj.weight.copy_(torch.eye(dim))
    e_BFD = torch.randn(5, 6, dim)
    attended_BFD, _ = twin(e_BFD, e_BFD, e_BFD, need_weights=False)
    torch.testing.assert_close(ours(e_BFD), torch.relu(attended_BFD + e_BFD @ residual_OD.T))


def test_a_head_is_as_wide_as_it_is_asked_to_be():
    layer = FieldAttention(5, num_heads=3, head_dim=4)
    assert layer.out_dim == 12 and layer(torch.randn(2, 6, 5)).shape == (2, 6, 12)


def test_the_order_of_the_fields_does_not_matter():
    torch.manual_seed(0)
    layer, e_BFD = FieldAttention(4, 2, 3), torch.randn(3, 5, 4)
    order = [3, 0, 4, 1, 2]
    torch.testing.assert_close(layer(e_BFD[:, order]), layer(e_BFD)[:, order])


def test_each_map_starts_at_a_scale_of_its_own():
    torch.manual_seed(0)
    layer = FieldAttention(60, num_heads=2, head_dim=20)
    for weight_OD in layer.project.weight.chunk(4):
        assert weight_OD.std().item() == pytest.approx((2 / (60 + 40)) ** 0.5, rel=0.05)
