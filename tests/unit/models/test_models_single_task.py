import pytest
import torch

from recmtl.artifacts.progress import Silent
from recmtl.models.model import TABLES, Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.models.single_task import SingleTaskConfig
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import (
    AdamConfig,
    LazyAdamConfig,
    SgdConfig,
    SparseSgdConfig,
    TableAdamConfig,
)
from recmtl.training.state import weights_of

ROWS = planted(96, seed=0).rows
BATCH = ROWS.batch
DIM = 4


def model_of(per_domain=False, schema=None, seed=0, **changes):
    config = SingleTaskConfig(bottom=(8, 6), per_domain=per_domain, encoder={"embedding_dim": DIM}, **changes)
    return Model(config, schema or planted_schema(), seed).eval()


def touched(model, logits):
    """By name, what the gradient touches of every parameter; of the tables, the copies."""
    model.zero_grad()
    logits.sum().backward()
    found = {name for name, value in model.named_parameters() if name != TABLES and value.grad is not None
             and value.grad.any()}  # fmt: skip
    columns = model.tables.grad.to_dense().any(0).view(-1, DIM)
    return found | {f"copy {copy}" for copy, any_D in enumerate(columns) if any_D.any()}


@pytest.mark.parametrize("interaction", ["flat", "dot"])
def test_a_task_touches_nothing_of_another(interaction):
    model = model_of(interaction=interaction)
    click, buy = (touched(model, model(BATCH)[:, task]) for task in (0, 1))
    assert not click & buy
    everything = {name for name, _ in model.named_parameters() if name != TABLES}
    assert click | buy == everything | {"copy 0", "copy 1"}


def test_a_task_in_one_domain_touches_nothing_of_another_domain():
    model = model_of(per_domain=True)
    found = []
    for domain in range(3):
        rows = BATCH.take((BATCH.domain_B == domain).nonzero()[:, 0])
        found += [touched(model, model(rows)[:, task]) for task in (0, 1)]
    assert sum(map(len, found)) == len(set().union(*found))
    assert [one & {f"copy {copy}" for copy in range(6)} for one in found] == [{f"copy {copy}"} for copy in range(6)]


OPTIMIZERS = {
    "sgd": (SgdConfig(learning_rate=0.1), SparseSgdConfig(learning_rate=0.1)),
    "adam": (AdamConfig(learning_rate=1e-2), TableAdamConfig(learning_rate=1e-2)),
    "lazy_adam": (AdamConfig(learning_rate=1e-2), LazyAdamConfig(learning_rate=1e-2)),
}


def trained(tasks, optimizer):
    model = model_of()
    dense, table = OPTIMIZERS[optimizer]
    config = TrainConfig(epochs=3, patience=3, batch_size=16, optimizer=dense, table_optimizer=table, precision="f32")
    train(model, ROWS, ROWS, config, tasks, Silent())
    return weights_of(model)


def of_task(weights, task):
    networks = (f"sharing.towers.tower.{task}.", f"heads.head.{task}.")
    own = {name: value for name, value in weights.items() if name.startswith(networks)}
    assert len(own) == 6
    return {**own, TABLES: weights[TABLES][:, task * DIM : (task + 1) * DIM]}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_tasks_trained_together_become_what_they_become_alone(optimizer):
    together, start = trained([0, 1], optimizer), weights_of(model_of())
    for task in (0, 1):
        alone = trained([task], optimizer)
        torch.testing.assert_close(of_task(together, task), of_task(alone, task))
        torch.testing.assert_close(of_task(alone, 1 - task), of_task(start, 1 - task), rtol=0, atol=0)
        assert not torch.equal(of_task(alone, task)[TABLES], of_task(start, task)[TABLES])


def test_one_task_is_a_plain_network():
    one = planted_schema().model_copy(update={"tasks": planted_schema().tasks[:1], "domains": ("home",)})
    single = model_of(schema=one)
    plain = Model(SharedBottomConfig(bottom=(8, 6), tower=(), encoder={"embedding_dim": DIM}), one, seed=0)
    weights = {name.replace("towers.tower.0.", "bottom."): value for name, value in single.state_dict().items()}
    plain.load_state_dict(weights)
    torch.testing.assert_close(single(BATCH), plain.eval()(BATCH))


def test_a_domain_has_what_a_task_has_of_its_own():
    one = planted_schema().model_copy(update={"tasks": planted_schema().tasks[:1]})
    model = model_of(per_domain=True, schema=one)
    assert model(BATCH).shape == (96, 1)
    assert len(model.sharing.towers.tower) == len(model.heads.head) == 3
    assert model.tables.shape[1] == 3 * DIM


def test_there_is_nothing_to_find_a_ticket_in():
    assert model_of().sharing.shared == ()
