"""Steps of every optimizer by hand, and what none of them may do: touch rows that were not in the batch."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from recmtl.training.eager import eager
from recmtl.training.optimizers import (
    AdagradConfig,
    AdamConfig,
    AdamWConfig,
    LazyAdamConfig,
    OptimizerConfig,
    RmspropConfig,
    RowwiseAdagradConfig,
    SgdConfig,
    SparseAdagradConfig,
    SparseSgdConfig,
    TableAdamConfig,
    TableOptimizerConfig,
)

START = torch.tensor([1.0, -2.0, 3.0])
GRADIENT = torch.tensor([0.5, -4.0, 0.1])


def after_a_step(config):
    weight = nn.Parameter(START.clone())
    optimizer = config.build([weight])
    weight.grad = GRADIENT.clone()
    optimizer.step()
    return weight.detach()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (SgdConfig(learning_rate=0.1), START - 0.1 * GRADIENT),
        (SgdConfig(learning_rate=0.1, l2=0.5), START - 0.1 * (GRADIENT + 0.5 * START)),
        (AdamConfig(learning_rate=0.1), START - 0.1 * GRADIENT.sign()),
        (AdamConfig(learning_rate=0.1, l2=0.5), START - 0.1 * (GRADIENT + 0.5 * START).sign()),
        (AdamWConfig(learning_rate=0.1, weight_decay=0.5), START * (1 - 0.1 * 0.5) - 0.1 * GRADIENT.sign()),
        (AdagradConfig(learning_rate=0.1), START - 0.1 * GRADIENT.sign()),
        (AdagradConfig(learning_rate=0.1, l2=0.5), START - 0.1 * (GRADIENT + 0.5 * START).sign()),
        (RmspropConfig(learning_rate=0.1), START - 0.1 * GRADIENT.sign() / 0.01**0.5),
    ],
    ids=lambda part: part.name if hasattr(part, "name") else "",
)
def test_the_first_step(config, expected):
    torch.testing.assert_close(after_a_step(config), expected)


@pytest.mark.parametrize("config", [SgdConfig(momentum=0.5), RmspropConfig(momentum=0.5)], ids=lambda c: c.name)
def test_momentum_goes_on_without_a_gradient(config):
    weight = nn.Parameter(START.clone())
    optimizer = config.build([weight])
    weight.grad = GRADIENT.clone()
    optimizer.step()
    first = weight.detach() - START
    weight.grad = torch.zeros(3)
    optimizer.step()
    torch.testing.assert_close(weight.detach() - START - first, 0.5 * first)


def test_every_optimizer_of_the_family_is_tried_here():
    assert set(OptimizerConfig.kinds) == {"adam", "adamw", "adagrad", "sgd", "rmsprop"}
    assert set(TableOptimizerConfig.kinds) == {"adam", "lazy_adam", "rowwise_adagrad", "adagrad", "sgd"}


ROWS, DIM, RATE = 7, 3, 0.1
BATCHES = [[1, 1, 4], [4, 2], [1], [5, 5, 5, 2]]
"""Ids of each step; 0, 3 and 6 never come."""


def slow_sgd(table, gradients):
    for ids_and_gradient in gradients:
        for row, gradient in ids_and_gradient.items():
            table[row] -= RATE * gradient
    return table


def slow_adagrad(table, gradients):
    total = np.zeros_like(table)
    for ids_and_gradient in gradients:
        for row, gradient in ids_and_gradient.items():
            total[row] += gradient**2
            table[row] -= RATE * gradient / (np.sqrt(total[row]) + 1e-10)
    return table


def slow_rowwise(table, gradients):
    total = np.zeros(len(table))
    for ids_and_gradient in gradients:
        for row, gradient in ids_and_gradient.items():
            total[row] += (gradient**2).mean()
            table[row] -= RATE * gradient / (np.sqrt(total[row]) + 1e-8)
    return table


def slow_lazy_adam(table, gradients):
    first, second = np.zeros_like(table), np.zeros_like(table)
    for step, ids_and_gradient in enumerate(gradients, 1):
        for row, gradient in ids_and_gradient.items():
            first[row] = 0.9 * first[row] + 0.1 * gradient
            second[row] = 0.999 * second[row] + 0.001 * gradient**2
            rate = RATE * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            table[row] -= rate * first[row] / (np.sqrt(second[row]) + 1e-8)
    return table


TABLE_OPTIMIZERS = [
    (SparseSgdConfig(learning_rate=RATE), slow_sgd),
    (SparseAdagradConfig(learning_rate=RATE), slow_adagrad),
    (RowwiseAdagradConfig(learning_rate=RATE), slow_rowwise),
    (LazyAdamConfig(learning_rate=RATE), slow_lazy_adam),
    (TableAdamConfig(learning_rate=RATE, dense_up_to=ROWS * DIM - 1), slow_lazy_adam),
]


@pytest.mark.parametrize(("config", "slow"), TABLE_OPTIMIZERS, ids=lambda part: getattr(part, "name", ""))
def test_table_optimizers_agree_with_a_slow_loop_and_touch_rows_of_the_batch_alone(config, slow):
    chance = np.random.default_rng(0)
    start = chance.normal(size=(ROWS, DIM))
    table = nn.Parameter(torch.tensor(start, dtype=torch.float32))
    optimizer = config.build(table)
    by_hand = []
    for ids in BATCHES:
        direction = chance.normal(size=(len(ids), DIM))
        optimizer.zero_grad(set_to_none=True)
        before = table.detach().clone()
        vectors = F.embedding(torch.tensor(ids), table, sparse=True)
        (vectors * torch.tensor(direction, dtype=torch.float32)).sum().backward()
        config.settle(table)
        optimizer.step()
        touched = (table.detach() != before).any(1)
        assert set(touched.nonzero().flatten().tolist()) == set(ids)
        places = {row: [place for place, one in enumerate(ids) if one == row] for row in set(ids)}
        by_hand.append({row: direction[at].sum(0) for row, at in places.items()})
    np.testing.assert_allclose(table.detach().numpy(), slow(start.copy(), by_hand), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_small_tables_move_as_torchs_adam_moves_them_every_row_in_every_step(l2):
    chance = torch.Generator().manual_seed(0)
    table = nn.Parameter(torch.randn(ROWS, DIM, generator=chance))
    plain = nn.Parameter(table.detach().clone())
    config = TableAdamConfig(learning_rate=RATE, l2=l2, dense_up_to=ROWS * DIM)
    optimizer, oracle = config.build(table), torch.optim.Adam([plain], RATE, weight_decay=l2)
    for ids in BATCHES:
        direction = torch.randn(len(ids), DIM, generator=chance)
        for weight, its_optimizer, sparse in ((table, optimizer, True), (plain, oracle, False)):
            its_optimizer.zero_grad(set_to_none=True)
            (F.embedding(torch.tensor(ids), weight, sparse=sparse) * direction).sum().backward()
        config.settle(table)
        optimizer.step()
        oracle.step()
        torch.testing.assert_close(table, plain)


def test_no_table_optimizer_makes_torch_warn_of_sparse_tensors():
    """In a process of its own: torch warns once, and may have done so here."""
    program = (
        "import torch\n"
        "from recmtl.training.optimizers import TableOptimizerConfig\n"
        "for kind in TableOptimizerConfig.kinds.values():\n"
        "    table = torch.nn.Parameter(torch.ones(4, 2))\n"
        "    optimizer = kind().build(table)\n"
        "    torch.nn.functional.embedding(torch.tensor([1]), table, sparse=True).sum().backward()\n"
        "    kind().settle(table)\n"
        "    optimizer.step()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_rowwise_adagrad_keeps_one_number_a_row():
    table = nn.Parameter(torch.zeros(ROWS, DIM))
    state = RowwiseAdagradConfig().build(table).state_dict()["state"]
    assert state[0]["sum"].shape == (ROWS,)


def test_rowwise_adagrad_leaves_a_row_with_a_zero_gradient_where_it_is():
    table = nn.Parameter(torch.ones(ROWS, DIM))
    optimizer = RowwiseAdagradConfig().build(table)
    (0 * F.embedding(torch.tensor([2]), table, sparse=True)).sum().backward()
    table.grad = table.grad.coalesce()
    optimizer.step()
    assert torch.equal(table.detach(), torch.ones(ROWS, DIM))


def test_a_table_without_a_gradient_is_left_alone():
    for config, _ in TABLE_OPTIMIZERS:
        table = nn.Parameter(torch.ones(ROWS, DIM))
        config.build(table).step()
        assert torch.equal(table.detach(), torch.ones(ROWS, DIM)), config.name


WITHOUT_COMPILER = """
import sys
import torch
from torch import nn
from recmtl.training.optimizers import {kind}
weight = nn.Parameter(torch.ones(3, 2))
optimizer = {kind}().build({argument})
optimizer.zero_grad(set_to_none=True)
torch.nn.functional.embedding(torch.tensor([1]), weight, sparse={sparse}).sum().backward()
if {sparse}:
    {kind}().settle(weight)
optimizer.step()
optimizer.load_state_dict(optimizer.state_dict())
assert not bool((weight == 1).all())
sys.exit("torch._dynamo" in sys.modules)
"""


@pytest.mark.parametrize("kind", [*OptimizerConfig.kinds.values(), *TableOptimizerConfig.kinds.values()])
def test_no_optimizer_waits_for_a_compiler(kind):
    sparse = issubclass(kind, TableOptimizerConfig)
    program = WITHOUT_COMPILER.format(kind=kind.__name__, argument="weight" if sparse else "[weight]", sparse=sparse)
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.parametrize("differentiates", [False, True])
def test_a_step_leaves_gradients_on_or_off_as_they_were(differentiates):
    with torch.set_grad_enabled(differentiates):
        after_a_step(AdamConfig())
        assert torch.is_grad_enabled() == differentiates


@pytest.mark.parametrize("theirs", [torch.optim.Adam, torch.optim.AdamW, torch.optim.Adagrad, torch.optim.RMSprop])
def test_steps_are_those_of_torch_to_the_bit(theirs):
    weights = []
    for kind in (theirs, eager(theirs)):
        weight = nn.Parameter(START.clone())
        optimizer = kind([weight], lr=0.1)
        for step in range(5):
            weight.grad = GRADIENT * (step - 1.5)
            optimizer.step()
        weights.append(weight.detach())
    assert torch.equal(*weights)
