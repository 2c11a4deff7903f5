"""Every registered sharing with every registered interaction keeps the models' contract: a new file is covered."""

from typing import get_args

import pytest
from narrow import narrow

import recmtl.models  # noqa: F401  (registers them)
from recmtl.models.esmm import ESMMConfig
from recmtl.models.interaction import InteractionConfig
from recmtl.models.mmoe import MMoEConfig
from recmtl.models.sharing import SharingConfig
from recmtl.models.single_task import SingleTaskConfig
from recmtl.testing.model_contract import CHECKS, learns_a_few_rows_by_heart, learns_the_planted_truth


def _choices(sharing):
    """Both, or the one that a model about domains allows."""
    return get_args(sharing.model_fields["per_domain"].annotation) or (False, True)


SHARINGS = SharingConfig.kinds.values()
INTERACTIONS = [
    kind() for name, kind in InteractionConfig.kinds.items() if name != "flat"
]  # all sharings have this one
CONFIGS = [
    *(sharing(per_domain=choice) for sharing in SHARINGS for choice in _choices(sharing)),
    *(MMoEConfig(interaction=interaction, per_domain=True) for interaction in INTERACTIONS),
]
LEARNING = (learns_a_few_rows_by_heart, learns_the_planted_truth)
LEARNERS = [
    *(sharing(per_domain=_choices(sharing)[0]) for sharing in SHARINGS),
    *(MMoEConfig(interaction=interaction) for interaction in INTERACTIONS),
    # what a task has once for each domain is of one make in all models: with gates, in a chain, with copies of tables
    *(sharing(per_domain=True) for sharing in (MMoEConfig, ESMMConfig, SingleTaskConfig)),
]


def _name(config):
    return f"{config.name}-{config.interaction.name}{'-per_domain' if config.per_domain else ''}"


def test_there_are_models():
    assert {"mmoe", "shared_bottom"} <= {config.name for config in CONFIGS}
    assert {"flat", "dot"} <= {config.interaction.name for config in CONFIGS}


@pytest.mark.parametrize("config", CONFIGS, ids=_name)
@pytest.mark.parametrize("check", [c for c in CHECKS if c not in LEARNING], ids=lambda check: check.__name__)
def test_model(check, config):
    check(narrow(config))


@pytest.mark.parametrize("config", LEARNERS, ids=_name)
def test_model_of_its_own_widths_learns_by_heart(config):
    learns_a_few_rows_by_heart(config)


@pytest.mark.parametrize("config", LEARNERS, ids=_name)
def test_narrow_model_learns_the_truth(config, without_onednn):
    learns_the_planted_truth(narrow(config))
