"""Chains that are learnt from all rows refuse what is none."""

from dataclasses import replace

import pytest
import torch

from recmtl.artifacts.progress import SILENT
from recmtl.errors import ConfigError
from recmtl.models.aitm import AITMConfig
from recmtl.models.escm2 import ESCM2Config
from recmtl.models.esmm import ESMMConfig
from recmtl.models.model import Model
from recmtl.schema import Task
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train

SCHEMA = planted_schema(entire_space=True)
DATA = planted(64, seed=0, entire_space=True)
CONFIGS = [
    ESMMConfig(tower=(4,)),
    AITMConfig(tower=(4,)),
    ESCM2Config(expert=(4,)),
    ESCM2Config(kind="dr", expert=(4,)),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
class TestChain:
    def test_a_task_that_is_observed_only_somewhere_is_refused(self, config):
        with pytest.raises(ConfigError) as caught:
            Model(config, planted_schema(), seed=0)
        expected = f"{config.name!r} learns from all rows, and the task 'buy' is observed only where click = 1"
        assert expected in str(caught.value) and "a label of it that is 0 in all other rows" in str(caught.value)

    def test_a_regression_is_refused(self, config):
        schema = SCHEMA.model_copy(update={"tasks": (SCHEMA.tasks[0], Task(name="watched", kind="regression"))})
        does = "compares" if config.name == "aitm" else "multiplies"
        with pytest.raises(ConfigError, match=f"{config.name!r} {does} probabilities, and the task 'watched' is a reg"):
            Model(config, schema, seed=0)

    def test_a_row_without_a_label_that_must_be_0_is_refused(self, config):
        with pytest.raises(ConfigError) as caught:
            self.trained(config, (DATA.rows.batch.labels_BT[:, 0] == 0).nonzero()[3])
        expected = f"{config.name!r} learns from all rows, and the task 'buy' has no label in a row where 'click' is 0"
        assert expected in str(caught.value) and "Give it the label 0 there" in str(caught.value)

    def test_a_label_that_nobody_knows_yet_is_none_the_worse(self, config):
        assert self.trained(config, DATA.rows.batch.labels_BT[:, 0] == 1).epoch == 1

    def test_the_chain_stays_within_the_domain(self, config):
        model, batch = Model(config.model_copy(update={"per_domain": True}), SCHEMA, seed=0).eval(), DATA.rows.batch
        before_BT = model(batch)
        with torch.no_grad():
            for route in model.routes.of([0, 1], 1):
                model.heads.head[route].bias.add_(1.0)
        changed_B = (model(batch) != before_BT).all(1)
        assert torch.equal(changed_B, batch.domain_B == 1)

    @staticmethod
    def trained(config, missing_B):
        observed_BT = DATA.rows.batch.observed_BT.clone()
        observed_BT[missing_B, 1] = False
        rows = replace(DATA.rows, batch=replace(DATA.rows.batch, observed_BT=observed_BT))
        return train(Model(config, SCHEMA, seed=0), rows, DATA.rows, TrainConfig(epochs=1), [0, 1], SILENT)


def test_one_of_three_tasks_is_named_with_the_one_before_it():
    three = SCHEMA.model_copy(update={"tasks": tuple(Task(name=n, kind="binary") for n in ("click", "cart", "buy"))})
    labels_BT = torch.cat([DATA.rows.batch.labels_BT[:, :1], torch.zeros(64, 2)], dim=1)
    observed_BT = torch.ones(64, 3, dtype=torch.bool)
    observed_BT[7, 2] = False
    model = Model(AITMConfig(tower=(4,)), three, seed=0)
    with pytest.raises(ConfigError, match="the task 'buy' has no label in a row where 'cart' is 0"):
        model.sharing.check_rows(replace(DATA.rows.batch, labels_BT=labels_BT, observed_BT=observed_BT))
