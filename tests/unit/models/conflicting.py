"""Made-up rows on which tasks or domains disagree, and what a model reaches on rows of theirs that it has not seen."""

import numpy as np
import torch

from recmtl.artifacts.progress import Silent
from recmtl.batch import Batch
from recmtl.data.rows import RowsInMemory
from recmtl.metrics.auc import auc
from recmtl.models.model import Model
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, Task
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import AdamConfig, LazyAdamConfig
from recmtl.training.predict import predict_rows

USERS, ITEMS = 40, 40
TASKS, DOMAINS = ("like", "share"), ("left", "right")
SCHEMA = Schema(
    dataset="conflicting",
    features=tuple(CategoricalFeature(name=name, table=name) for name in ("user", "item")),
    tables={"user": FIRST_ID + USERS, "item": FIRST_ID + ITEMS},
    tasks=tuple(Task(name=name, kind="binary") for name in TASKS),
    domains=DOMAINS,
    knots=2,
)


def drawn(taste_DTUI, rows, seed):
    """Rows of random users, items and domains, which no feature tells; a label's logit is the taste of the user for the
    item.

    Args:
        taste_DTUI: of each domain and task.
    """
    chance = np.random.default_rng(seed)
    domain_B = np.sort(chance.integers(len(DOMAINS), size=rows))
    user_B, item_B = chance.integers(USERS, size=rows), chance.integers(ITEMS, size=rows)
    logits_BT = taste_DTUI[domain_B, :, user_B, item_B]
    labels_BT = chance.random(logits_BT.shape) < 1 / (1 + np.exp(-logits_BT))
    batch = Batch(
        ids_BF=torch.from_numpy(np.stack([user_B, item_B], axis=1) + FIRST_ID).int(),
        numbers_BN=torch.empty(rows, 0),
        sequences=(),
        labels_BT=torch.from_numpy(labels_BT).float(),
        observed_BT=torch.ones(rows, len(TASKS), dtype=torch.bool),
        domain_B=torch.from_numpy(domain_B),
        weight_B=torch.ones(rows),
    )
    return RowsInMemory(batch, tuple(np.bincount(domain_B).tolist()))


def reached(config, taste_DTUI, rows=6000, epochs=8, seed=0):
    """The mean AUC of the tasks in the domains, on 6000 other rows."""
    model = Model(config, SCHEMA, seed)
    learnt, valid, unseen = (drawn(taste_DTUI, size, seed) for size, seed in ((rows, 1), (2000, 2), (6000, 3)))
    optimizers = {"optimizer": AdamConfig(learning_rate=3e-3), "table_optimizer": LazyAdamConfig(learning_rate=2e-2)}
    state = train(
        model, learnt, valid, TrainConfig(epochs=epochs, batch_size=128, seed=seed, **optimizers), [0, 1], Silent()
    )
    model.load_state_dict(state.best_weights)
    prediction_BT, batch = predict_rows(model, unseen.batch, [0, 1]), unseen.batch
    found = []
    for domain in range(len(DOMAINS)):
        in_domain_B = (batch.domain_B == domain).numpy()
        labels_BT = batch.labels_BT.numpy()[in_domain_B]
        found += [auc(labels_BT[:, task], prediction_BT[in_domain_B, task]) for task in range(len(TASKS))]
    return sum(found) / len(found)


def opposite_domains():
    """taste_DTUI: what is liked in one domain is disliked in the other; what is shared is the same in both."""
    like_I, share_I = np.random.default_rng(0).normal(scale=2, size=(2, ITEMS))
    taste_DTI = np.stack([[like_I, share_I], [-like_I, share_I]])
    return np.repeat(taste_DTI[:, :, None], USERS, axis=2)


def tastes(seed, scale=3.0, width=2):
    """taste_UI: of a low rank."""
    chance = np.random.default_rng(seed)
    return scale * chance.normal(size=(USERS, width)) @ chance.normal(size=(width, ITEMS)) / width**0.5
