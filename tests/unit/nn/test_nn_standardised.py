import torch
from torch import nn

from recmtl.nn.standardised import Standardised


def test_it_is_torchs_batch_normalisation_without_scale_and_shift():
    ours, torchs = Standardised(4), nn.BatchNorm1d(4, affine=False)
    for _ in range(3):
        x_BI = 2 + 3 * torch.randn(20, 4)
        torch.testing.assert_close(ours(x_BI), torchs(x_BI))
    torch.testing.assert_close(ours.eval()(x_BI), torchs.eval()(x_BI))
    assert set(ours.state_dict()) == {"mean", "variance"}


def test_a_row_that_is_trained_alone_is_seen_as_in_evaluation_and_moves_nothing():
    """torch refuses it."""
    norm = Standardised(4)
    norm(torch.randn(20, 4))
    before, x_BI = {name: value.clone() for name, value in norm.state_dict().items()}, torch.randn(1, 4)
    alone = norm(x_BI)
    assert all(torch.equal(before[name], value) for name, value in norm.state_dict().items())
    torch.testing.assert_close(alone, norm.eval()(x_BI))
