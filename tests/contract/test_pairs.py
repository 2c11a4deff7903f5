"""Any interaction goes with any sharing: each pair gives logits, and each of its parameters learns."""

import pytest
from narrow import narrow

import recmtl.models  # noqa: F401  (registers them)
from recmtl.models.interaction import InteractionConfig
from recmtl.models.sharing import SharingConfig
from recmtl.testing import model_contract as contract


@pytest.mark.parametrize("sharing", sorted(SharingConfig.kinds))
@pytest.mark.parametrize("interaction", sorted(InteractionConfig.kinds))
def test_pair(interaction, sharing):
    config = narrow(SharingConfig.kinds[sharing](interaction=InteractionConfig.kinds[interaction]()))
    contract.gives_a_logit_for_each_asked_task(config)
    contract.every_parameter_learns(config)
