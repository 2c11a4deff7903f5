import pytest
import torch
from torch import nn
from torch.nn import functional as F

from recmtl.nn.padded import Padded
from recmtl.nn.self_attention import SelfAttention


def lists(*lengths, dim=8):
    known_BL = torch.arange(max(*lengths, 1)) < torch.tensor(lengths).unsqueeze(1)
    chance = torch.Generator().manual_seed(2)
    return Padded(torch.randn(*known_BL.shape, dim, generator=chance) * known_BL.unsqueeze(-1), known_BL)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_it_is_torchs_layer_on_lists_of_any_length(heads):
    torch.manual_seed(0)
    ours, torchs = SelfAttention(8, heads, 12), nn.TransformerEncoderLayer(8, heads, 12, 0.0, batch_first=True)
    with torch.no_grad():
        for value in ours.parameters():
            value.normal_(std=0.5)
        attention = torchs.self_attn
        pairs = (
            (attention.in_proj_weight, ours.inputs.weight), (attention.in_proj_bias, ours.inputs.bias),
            (attention.out_proj.weight, ours.output.weight), (attention.out_proj.bias, ours.output.bias),
            (torchs.linear1.weight, ours.hidden.weight), (torchs.linear1.bias, ours.hidden.bias),
            (torchs.linear2.weight, ours.last.weight), (torchs.linear2.bias, ours.last.bias),
            (torchs.norm1.weight, ours.attended.weight), (torchs.norm1.bias, ours.attended.bias),
            (torchs.norm2.weight, ours.passed.weight), (torchs.norm2.bias, ours.passed.bias),
        )  # fmt: skip
        for theirs, own in pairs:
            theirs.copy_(own)
    read = lists(3, 1, 17, 5)
    expected_BLD = torchs(read.vectors_BLD, src_key_padding_mask=~read.known_BL)
    found = ours(read)
    torch.testing.assert_close(found.vectors_BLD, expected_BLD * read.known_BL.unsqueeze(-1))
    assert torch.equal(found.known_BL, read.known_BL)


def test_a_list_without_any_place_stays_zero_and_its_gradient_finite():
    """torch's layer makes it NaN."""
    torch.manual_seed(0)
    layer, read = SelfAttention(8, 2, 12), lists(0, 2)
    found = layer(read).vectors_BLD
    assert not found[0].any()
    found.sum().backward()
    assert all(value.grad.isfinite().all() for value in layer.parameters())


def test_a_row_has_the_same_bits_beside_longer_ones():
    torch.manual_seed(0)
    layer, read = SelfAttention(8, 2, 12), lists(*[5] * 64)
    longer = Padded(F.pad(read.vectors_BLD, (0, 0, 0, 6)), F.pad(read.known_BL, (0, 6)))
    with torch.inference_mode():
        assert torch.equal(layer(longer).vectors_BLD[:, :5], layer(read).vectors_BLD)


def test_no_rows_give_none():
    found = SelfAttention(8, 2, 12)(Padded(torch.empty(0, 3, 8), torch.empty(0, 3, dtype=torch.bool)))
    assert found.vectors_BLD.shape == (0, 3, 8)
