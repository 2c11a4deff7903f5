"""Rows of domains that want the contrary: what is clicked in one is not in the other, and no feature tells which of
them a row is of.
"""

from dataclasses import replace

import numpy as np
import torch

from recmtl.artifacts.progress import SILENT
from recmtl.data.rows import RowsInMemory
from recmtl.metrics.skill import task_skill
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, Task
from recmtl.testing.planted import planted
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import AdamConfig
from recmtl.training.predict import task_predictions

ITEMS = 20
SCHEMA = Schema(
    dataset="conflicting",
    features=(CategoricalFeature(name="item", table="item"), CategoricalFeature(name="slot", table="slot")),
    tables={"item": FIRST_ID + ITEMS, "slot": FIRST_ID + ITEMS},
    tasks=(Task(name="click", kind="binary"),),
    domains=("left", "right"),
    knots=11,
)


def conflicting(count: int, seed: int) -> RowsInMemory:
    """So many rows, half of them of each domain."""
    chance = np.random.default_rng(seed)
    ids_BF = chance.integers(ITEMS, size=(count, 2))
    domain_B = np.repeat([0, 1], [count // 2, count - count // 2])
    effect_FV = np.random.default_rng(7).normal(0, 2, (2, ITEMS))
    taste_B = effect_FV[0, ids_BF[:, 0]] + effect_FV[1, ids_BF[:, 1]]
    label_B = chance.random(count) < 1 / (1 + np.exp(-np.where(domain_B == 0, taste_B, -taste_B)))
    batch = replace(
        planted(count, seed).rows.batch,
        ids_BF=torch.from_numpy(ids_BF + FIRST_ID).int(),
        numbers_BN=torch.empty(count, 0),
        sequences=(),
        labels_BT=torch.from_numpy(label_B).float().unsqueeze(1),
        observed_BT=torch.ones(count, 1, dtype=torch.bool),
        domain_B=torch.from_numpy(domain_B),
    )
    return RowsInMemory(batch, (count // 2, count - count // 2))


def auc_on_conflicting_domains(config: SharingConfig) -> float:
    """On rows of both domains that it has not seen, of a model that was trained for a few seconds."""
    model, rows, unseen = Model(config, SCHEMA, seed=0), conflicting(4000, 1), conflicting(2000, 2)
    optimizer = AdamConfig(learning_rate=3e-3)
    state = train(model, rows, unseen, TrainConfig(epochs=4, batch_size=100, optimizer=optimizer), [0], SILENT)
    model.load_state_dict(state.best_weights)
    return task_skill(task_predictions(model, unseen, [0])[0])
