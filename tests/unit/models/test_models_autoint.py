import torch
from reading import FIELDS, ROWS, reading_of

from recmtl.models.autoint import AutoIntConfig


def test_a_linear_of_what_the_layers_give_is_added_for_each_task():
    found = reading_of(AutoIntConfig(num_layers=2, num_heads=2, head_dim=4))
    torch.testing.assert_close(found.read.x_BI, found.flat_BI)
    first, second = found.interaction.attention
    e_BFO = second(first(found.vectors))
    assert e_BFO.shape == (ROWS, len(FIELDS), 8)
    for row in range(ROWS):
        expected_T = found.interaction.logit.weight @ e_BFO[row].flatten()
        torch.testing.assert_close(found.read.wide_BT[row], expected_T)


def test_there_are_as_many_layers_as_asked_for():
    assert len(reading_of(AutoIntConfig(num_layers=1)).interaction.attention) == 1
