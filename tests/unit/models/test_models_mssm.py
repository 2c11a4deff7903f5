"""Gates on features, and masks on the cells of the matrices between sub-networks."""

import math

import numpy as np
import pytest
import torch

from recmtl.artifacts.progress import SILENT
from recmtl.models.dot import DotConfig
from recmtl.models.encoder import Encoded
from recmtl.models.model import Model
from recmtl.models.mssm import MSSMConfig
from recmtl.models.output import Output
from recmtl.models.routes import Plan, Routes
from recmtl.nn.mlp import MLP
from recmtl.testing.model_contract import every_parameter_learns
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import AdamConfig

TASKS = ("a", "b", "c")
FIELDS, DIM, DENSE = 4, 3, 2
ENCODED = Encoded(
    torch.randn(7, FIELDS, DIM, generator=torch.Generator().manual_seed(3)),
    torch.randn(7, DENSE, generator=torch.Generator().manual_seed(4)),
    torch.zeros(7, dtype=torch.int64),
)
X_BI = ENCODED.flat()


def mssm(domains=1, in_dim=FIELDS * DIM + DENSE, fields=FIELDS, **changes):
    torch.manual_seed(0)
    config = MSSMConfig(**{"num_shared": 2, "layers": (6, 5), "tower": (4,), **changes})
    plan = Plan(in_dim, Routes(TASKS, domains), tuple(f"f{i}" for i in range(fields)), DIM, dense_dim=DENSE)
    sharing = config.build(plan)
    with torch.no_grad():
        for name, value in sharing.named_parameters():
            if name.endswith(("log_alpha", "vectors", "bias")):
                value.normal_(std=1.5)
    return sharing.eval()


def gate(log_alpha):
    return (torch.sigmoid(log_alpha) * 1.2 - 0.1).clamp(0, 1)


def cells(layer, u, a):
    """sum_b (M_ab * W_ab) u_b + c_a, one sub-network at a time."""
    receivers, senders = layer.receivers, len(u)
    mask = gate(layer.gates.log_alpha).view(layer.weight.shape)
    rows, total = layer.weight.shape[0] // receivers, 0
    for b, u_BH in enumerate(u):
        columns = slice(b * u_BH.shape[1], (b + 1) * u_BH.shape[1])
        there = (slice(a * rows, (a + 1) * rows), columns)
        total = total + u_BH @ (mask[there] * layer.weight[there]).T
    assert senders * u[0].shape[1] == layer.weight.shape[1]
    return total + layer.bias[a * rows : (a + 1) * rows]


def by_the_paper(model, beside_BK):
    many, u = model.first.weight.shape[0], []
    for n in range(many):
        gated = []
        for f in range(FIELDS):
            score_B = ENCODED.fields_BFD[:, f] @ model.gates.vectors[f, :, n] + model.gates.bias[f * many + n]
            gated.append(score_B.tanh().relu().unsqueeze(1) * ENCODED.fields_BFD[:, f])
        x_BI = torch.cat([*gated, beside_BK], dim=1)
        u.append((x_BI @ model.first.weight[n] + model.first.bias[n, 0]).relu())
    for layer in model.between:
        u = [cells(layer, u, a).relu() for a in range(many)]
    routes = range(len(model.towers.tower))
    return torch.stack([model.towers.tower[t](cells(model.to_tasks, u, t).relu()) for t in routes], dim=1)


@pytest.mark.parametrize("layers", [(6, 5), (6, 5, 7)])
@pytest.mark.parametrize("shared", [0, 2])
def test_it_computes_the_papers_equations(layers, shared):
    model = mssm(layers=layers, num_shared=shared)
    expected = by_the_paper(model, ENCODED.dense_BK)
    torch.testing.assert_close(model.deep(X_BI, ENCODED, [0, 1, 2]), expected)
    torch.testing.assert_close(model.deep(X_BI, ENCODED, [2, 0]), expected[:, [2, 0]])


def test_what_a_base_model_makes_of_the_features_enters_beside_them_without_gates():
    model = mssm(in_dim=9)
    made_BI = torch.randn(7, 9, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(model.deep(made_BI, ENCODED, [0, 1, 2]), by_the_paper(model, made_BI))
    every_parameter_learns(MSSMConfig(interaction=DotConfig(), layers=(8, 8)))


def test_where_there_are_no_embedded_features_there_are_no_gates():
    model = mssm(in_dim=DENSE, fields=0)
    assert model.gates is None
    encoded = Encoded(torch.zeros(7, 0, DIM), ENCODED.dense_BK, ENCODED.domain_B)
    u_NBH = (ENCODED.dense_BK @ model.first.weight + model.first.bias).relu()
    expected = [model.towers.tower[t](cells(model.to_tasks, list(u_NBH), t).relu()) for t in range(3)]
    torch.testing.assert_close(model.deep(encoded.flat(), encoded, [0, 1, 2]), torch.stack(expected, dim=1))


def test_where_nothing_is_shared_each_task_is_a_network_of_its_own():
    model = mssm(num_shared=0)
    with torch.no_grad():
        model.gates.bias.fill_(100.0)  # tanh is 1
        own = torch.block_diag(*[torch.ones(5, 6)] * 3)
        model.to_tasks.gates.log_alpha.copy_((20 * own - 10).flatten())
    alone = [MLP(FIELDS * DIM + DENSE, (6, 5)) for _ in TASKS]
    with torch.no_grad():
        for t, network in enumerate(alone):
            network[0].weight.copy_(model.first.weight[t].T)
            network[0].bias.copy_(model.first.bias[t, 0])
            network[3].weight.copy_(model.to_tasks.weight[5 * t : 5 * t + 5, 6 * t : 6 * t + 6])
            network[3].bias.copy_(model.to_tasks.bias[5 * t : 5 * t + 5])
    expected = [tower(network(X_BI)) for tower, network in zip(model.towers.tower, alone, strict=True)]
    torch.testing.assert_close(model.deep(X_BI, ENCODED, [0, 1, 2]), torch.stack(expected, dim=1))


def test_a_feature_that_a_closed_gate_drops_has_no_part_in_a_sub_network():
    model = mssm(num_shared=0)
    many = 3
    with torch.no_grad():
        model.gates.bias.view(FIELDS, many)[1] = -100.0  # all drop the second feature
    fields = ENCODED.fields_BFD.clone().requires_grad_()
    model.deep(X_BI, Encoded(fields, ENCODED.dense_BK, ENCODED.domain_B), [0, 1, 2]).sum().backward()
    assert not fields.grad[:, 1].any() and fields.grad[:, [0, 2, 3]].any()


def test_training_is_random_and_evaluation_is_not():
    """MMLRec's port keeps the noise that it was built with."""
    model = mssm()
    assert torch.equal(model.deep(X_BI, ENCODED, [0, 1]), model.deep(X_BI, ENCODED, [0, 1]))
    model.train()
    assert not torch.equal(model.deep(X_BI, ENCODED, [0, 1]), model.deep(X_BI, ENCODED, [0, 1]))


@pytest.mark.parametrize("domains", [1, 2])
def test_the_loss_counts_the_cells_that_are_expected_to_be_open(domains):
    model = mssm(domains=domains, l0=0.3, layers=(6, 5, 4))

    def count(log_alphas):
        return sum(1 / (1 + math.exp(-(a - 0.9 * math.log(0.1 / 1.1)))) for a in log_alphas.flatten().tolist())

    between = count(model.between[0].gates.log_alpha)
    of_route = [count(rows) for rows in model.to_tasks.gates.log_alpha.view(3 * domains, -1)]
    for tasks in ([0, 1, 2], [1], [2, 0]):
        routes = [3 * domain + t for domain in range(domains) for t in tasks]
        found = model.extra_loss(Output(torch.zeros(7, len(tasks))), None, tasks)
        np.testing.assert_allclose(found.item(), 0.3 * (between + sum(of_route[r] for r in routes)), rtol=1e-4)


def trained(**changes):
    data = planted(256, seed=0)
    model = Model(MSSMConfig(layers=(8, 8, 8), **changes), planted_schema(), seed=0)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    steps = TrainConfig(epochs=20, patience=20, batch_size=64, optimizer=AdamConfig(learning_rate=0.1))
    train(model, data.rows, data.rows, steps, [0, 1], SILENT)
    return before, model


def test_every_matrix_and_gate_is_trained():
    """MMLRec's port keeps the matrices and the noise in plain lists, which no optimiser sees."""
    before, model = trained()
    after = dict(model.named_parameters())
    names = [name for name in after if name.startswith("sharing.") and "towers" not in name]
    assert len(names) == 2 + 2 + 3 + 3
    for name in names:
        assert (after[name] != before[name]).any(), name
    assert not [name for name in after if "noise" in name or name.endswith(".u")]


def test_a_heavy_count_cuts_cells_and_none_leaves_them():
    def closed(l0):
        sharing = trained(l0=l0)[1].eval().sharing
        gates = torch.cat([layer.gates().flatten() for layer in (*sharing.between, sharing.to_tasks)])
        return (gates == 0).double().mean().item()

    assert closed(1.0) > 0.9 and closed(0.0) < 0.5
