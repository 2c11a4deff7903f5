import pytest
import torch
from reading import reading_of

from recmtl.models.dcn import DCNConfig
from recmtl.models.dcn_v2 import DCNV2Config, MixtureConfig
from recmtl.nn.cross import CrossVector
from recmtl.nn.cross_matrix import CrossMatrix
from recmtl.nn.cross_mixture import CrossMixture

MIXTURE = MixtureConfig(num_experts=2, rank=3)


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (DCNConfig(num_layers=3), CrossVector),
        (DCNV2Config(num_layers=3), CrossMatrix),
        (DCNV2Config(num_layers=3, mixture=MIXTURE), CrossMixture),
    ],
)
def test_a_linear_of_the_crossed_input_is_added_for_each_task(config, kind):
    found = reading_of(config)
    cross = found.interaction.cross
    assert type(cross) is kind and len(cross.layer) == 3
    torch.testing.assert_close(found.read.x_BI, found.flat_BI)
    crossed_BI = cross(found.flat_BI)
    for task in (0, 1):
        expected_B = torch.stack([found.interaction.logit.weight[task] @ crossed_I for crossed_I in crossed_BI])
        torch.testing.assert_close(found.read.wide_BT[:, task], expected_B)
    assert found.interaction.logit.bias is None


def test_a_mixture_is_as_wide_as_it_is_asked_to_be():
    layer = reading_of(DCNV2Config(mixture=MIXTURE)).interaction.cross.layer[0]
    assert layer.core.shape == (2, 3, 3) and layer.gate.out_features == 2
