"""A small training that takes milliseconds."""

from dataclasses import dataclass, field

import pytest
import torch

from recmtl.artifacts.progress import Silent
from recmtl.models.encoder import EncoderConfig
from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.testing.planted import planted
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train

TRAIN, VALID = planted(300, seed=1), planted(300, seed=2)


@dataclass(frozen=True)
class Trainer:
    """`train` with its usual arguments filled in."""

    model_config: SharedBottomConfig = field(
        default_factory=lambda: SharedBottomConfig(
            bottom=(8,), tower=(4,), encoder=EncoderConfig(embedding_dim=4, unseen_rate=0.1), dropout=0.1
        )
    )
    rows: object = TRAIN.rows
    valid: object = VALID.rows
    tasks: tuple[int, ...] = (0, 1)

    def model(self, seed=0, **changes):
        return Model(self.model_config.model_copy(update=changes), TRAIN.schema, seed)

    def still(self):
        """A model in whose training nothing is random."""
        return self.model(dropout=0.0, encoder=EncoderConfig(embedding_dim=4, unseen_rate=0.0))

    def __call__(
        self, model, *, rows=None, valid=None, tasks=None, progress=None, checkpoint=None, after=None, **config
    ):
        config = TrainConfig(**{"epochs": 3, "patience": 99, "batch_size": 64, **config})
        rows, valid, tasks = rows or self.rows, valid or self.valid, tasks or self.tasks
        return train(model, rows, valid, config, tasks, progress or Silent(), checkpoint, after)


@pytest.fixture
def trainer():
    return Trainer()


@pytest.fixture
def same_bits():
    def check(found, expected):
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert torch.equal(found[name], value), name

    return check
