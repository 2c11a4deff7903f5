import torch
from reading import ROWS, reading_of

from recmtl.models.xdeepfm import XDeepFMConfig


def test_a_linear_of_the_pooled_maps_and_the_linear_model_are_added():
    found = reading_of(XDeepFMConfig(maps=(5, 4)))
    torch.testing.assert_close(found.read.x_BI, found.flat_BI)
    pooled_BP, weight_TP, linear_BT = (
        found.interaction.cin(found.vectors),
        found.interaction.logit.weight,
        found.linear_BT(),
    )
    assert pooled_BP.shape == (ROWS, 9)
    for row in range(ROWS):
        torch.testing.assert_close(found.read.wide_BT[row], linear_BT[row] + weight_TP @ pooled_BP[row])
