"""Every registered sharing with every registered interaction keeps the models' contract: a new file is covered."""

from typing import get_args

import pytest

import recmtl.models  # noqa: F401  (registers them)
from recmtl.models.interaction import InteractionConfig
from recmtl.models.mmoe import MMoEConfig
from recmtl.models.sharing import SharingConfig
from recmtl.testing.model_contract import CHECKS


def _choices(sharing):
    """Both, or the one that a model about domains allows."""
    return get_args(sharing.model_fields["per_domain"].annotation) or (False, True)


CONFIGS = [
    *(sharing(per_domain=choice) for sharing in SharingConfig.kinds.values() for choice in _choices(sharing)),
    *(MMoEConfig(interaction=kind(), per_domain=True) for kind in InteractionConfig.kinds.values()),
]


def _name(config):
    return f"{config.name}-{config.interaction.name}{'-per_domain' if config.per_domain else ''}"


def test_there_are_models():
    assert {"mmoe", "shared_bottom"} <= {config.name for config in CONFIGS}
    assert {"flat", "dot"} <= {config.interaction.name for config in CONFIGS}


@pytest.mark.parametrize("config", CONFIGS, ids=_name)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_model(check, config):
    check(config)
