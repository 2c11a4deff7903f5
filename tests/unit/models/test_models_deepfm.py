from itertools import combinations

import pytest
import torch
from reading import DIM, FIELDS, ROWS, reading_of

from recmtl.models.deepfm import DeepFMConfig
from recmtl.nn.field_scale import FieldScale
from recmtl.nn.fm import bi_interaction


@pytest.mark.parametrize("scaled", [True, False])
def test_the_products_of_all_pairs_are_added_to_every_tasks_logit(scaled):
    found = reading_of(DeepFMConfig(field_scales=scaled))
    torch.testing.assert_close(found.read.x_BI, found.flat_BI)
    scale_FD = found.interaction.scale.scale.detach().view(len(FIELDS), DIM) if scaled else 1.0
    linear_BT = found.linear_BT()
    for row in range(ROWS):
        scaled_FD = scale_FD * found.vectors[row]
        machine = sum(scaled_FD[i] @ scaled_FD[j] for i, j in combinations(range(len(FIELDS)), 2))
        torch.testing.assert_close(found.read.wide_BT[row].detach(), linear_BT[row] + machine)


def test_the_machine_of_many_fields_starts_small():
    torch.manual_seed(0)
    fields_BFD = (2 * torch.rand(200, 50, 16) - 1) / 4  # as tables start
    scaled_BFD = FieldScale(50, 16, std=0.3)(fields_BFD)
    assert bi_interaction(fields_BFD).sum(1).std() > 2.0
    assert bi_interaction(scaled_BFD).sum(1).std() < 0.5
