"""Sub-networks and the ways between them."""

import numpy as np
import pytest
import torch
from narrow import narrow

from recmtl.artifacts.progress import SILENT
from recmtl.models.model import Model
from recmtl.models.output import Output
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.models.snr import SNRConfig
from recmtl.testing.model_contract import CHECKS
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import AdamConfig

TASKS = ("a", "b", "c")
X_BI = torch.randn(7, 10, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_plain_ways_keep_the_contract(check):
    check(narrow(SNRConfig(kind="aver")))


def snr(kind="trans", domains=1, **changes):
    torch.manual_seed(0)
    config = {"num_subnetworks": 2, "layers": (6, 5), "tower": (4,), "kind": kind}
    sharing = SNRConfig(**{**config, **changes}).build(Plan(10, Routes(TASKS, domains)))
    with torch.no_grad():
        for name, value in sharing.named_parameters():
            if name.endswith("log_alpha"):
                value.normal_(std=1.5)
    return sharing.eval()


def gate(log_alpha):
    return min(1.0, max(0.0, 1 / (1 + np.exp(-float(log_alpha))) * 1.2 - 0.1))


def sum_over_ways(ways, u, receiver):
    """v_i = sum_j z_ij W_ij u_j, one way at a time."""
    senders, width, total = len(u), u[0].shape[1], 0
    for sender in range(senders):
        z = gate(ways.gates.log_alpha.detach()[receiver * senders + sender])
        sent_BH = u[sender]
        if hasattr(ways, "weight"):
            rows, columns = (slice(i * width, (i + 1) * width) for i in (receiver, sender))
            sent_BH = sent_BH @ ways.weight[rows, columns].T
        total = total + z * sent_BH
    return total


def by_the_paper(model, x_BI):
    first = model.first.first
    halves = zip(first.weight.chunk(2), first.bias.chunk(2), strict=True)
    u = [(x_BI @ weight.T + bias).relu() for weight, bias in halves]
    for ways, layer in zip(model.between, model.later, strict=True):
        v = [sum_over_ways(ways, u, receiver) for receiver in range(2)]
        u = [(v[e] @ layer.weight[e] + layer.bias[e, 0]).relu() for e in range(2)]
    routes = range(len(model.towers.tower))
    return torch.stack([model.towers.tower[t](sum_over_ways(model.to_tasks, u, t)) for t in routes], dim=1)


@pytest.mark.parametrize("kind", ["trans", "aver"])
@pytest.mark.parametrize("layers", [(6,), (6, 5), (6, 5, 7)])
def test_it_computes_the_papers_equations(kind, layers):
    model = snr(kind, layers=layers)
    expected = by_the_paper(model, X_BI)
    torch.testing.assert_close(model.deep(X_BI, None, [0, 1, 2]), expected)
    torch.testing.assert_close(model.deep(X_BI, None, [2, 0]), expected[:, [2, 0]])


def test_ways_that_multiply_with_the_identity_are_plain_ones():
    trans, aver = snr("trans"), snr("aver")
    with torch.no_grad():
        for ways in (*trans.between, trans.to_tasks):
            receivers, senders = ways.gates.shape
            ways.weight.copy_(torch.eye(ways.width).repeat(receivers, senders))
    aver.load_state_dict({name: value for name, value in trans.state_dict().items() if name in aver.state_dict()})
    torch.testing.assert_close(trans.deep(X_BI, None, [0, 1, 2]), aver.deep(X_BI, None, [0, 1, 2]))


def test_one_sub_network_behind_open_gates_is_a_shared_bottom():
    model = snr("aver", num_subnetworks=1)
    bottom = SharedBottomConfig(bottom=(6, 5), tower=(4,)).build(Plan(10, Routes(TASKS)))
    with torch.no_grad():
        for ways in (*model.between, model.to_tasks):
            ways.gates.log_alpha.fill_(10.0)
        bottom.bottom[0].load_state_dict(model.first.first.state_dict())
        bottom.bottom[3].weight.copy_(model.later[0].weight[0].T)
        bottom.bottom[3].bias.copy_(model.later[0].bias[0, 0])
    bottom.towers.load_state_dict(model.towers.state_dict())
    torch.testing.assert_close(model.deep(X_BI, None, [0, 1, 2]), bottom.deep(X_BI, None, [0, 1, 2]))


@pytest.mark.parametrize("kind", ["trans", "aver"])
def test_a_gate_that_is_0_cuts_its_way(kind):
    model = snr(kind)
    with torch.no_grad():
        model.to_tasks.gates.log_alpha[:2].copy_(torch.tensor([-10.0, 1.0]))  # the first task's: the first is cut
    model.deep(X_BI, None, [0]).sum().backward()
    assert not model.later[0].weight.grad[0].any() and model.later[0].weight.grad[1].any()


def test_training_is_random_and_evaluation_is_not():
    model = snr()
    assert torch.equal(model.deep(X_BI, None, [0, 1]), model.deep(X_BI, None, [0, 1]))
    model.train()
    assert not torch.equal(model.deep(X_BI, None, [0, 1]), model.deep(X_BI, None, [0, 1]))


def test_the_loss_counts_the_gates_that_are_expected_to_be_open():
    model = snr(l0=0.3)

    def chance(log_alpha):
        return 1 / (1 + np.exp(-(float(log_alpha) - 0.9 * np.log(0.1 / 1.1))))

    between = sum(chance(a) for a in model.between[0].gates.log_alpha.detach())
    of_task = [sum(chance(a) for a in pair) for pair in model.to_tasks.gates.log_alpha.detach().view(3, 2)]
    for tasks in ([0, 1, 2], [1], [2, 0]):
        found = model.extra_loss(Output(torch.zeros(7, 3)), None, tasks)
        np.testing.assert_allclose(found.item(), 0.3 * (between + sum(of_task[t] for t in tasks)), rtol=1e-5)


def test_of_tasks_in_domains_it_counts_those_of_every_domain():
    model = snr(domains=2, l0=1.0)
    alone = [model.extra_loss(Output(torch.zeros(7, 1)), None, [t]).item() for t in range(3)]
    inner = model.between[0].gates.open_chance().sum().item()
    ways = model.to_tasks.gates.open_chance().sum(1).detach().numpy()  # domain after domain
    np.testing.assert_allclose(alone, [inner + ways[t] + ways[3 + t] for t in range(3)], rtol=1e-5)


def trained(**changes):
    data = planted(256, seed=0)
    config = SNRConfig(num_subnetworks=3, layers=(8, 8), tower=(), **changes)
    model = Model(config, planted_schema(), seed=0)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    steps = TrainConfig(epochs=20, patience=20, batch_size=64, optimizer=AdamConfig(learning_rate=0.1))
    train(model, data.rows, data.rows, steps, [0, 1], SILENT)
    return before, model


def test_every_matrix_and_gate_is_trained():
    """MMLRec's port keeps the matrices in a plain list, which no optimiser sees."""
    before, model = trained()
    after = dict(model.named_parameters())
    names = [name for name in after if "between" in name or "to_tasks" in name]
    assert len(names) == 4
    for name in names:
        assert (after[name] != before[name]).any(), name


def test_a_heavy_count_cuts_ways_and_none_leaves_them():
    """MMLRec's port has no such term."""

    def closed(l0):
        sharing = trained(l0=l0)[1].eval().sharing
        gates = torch.cat([ways.gates().flatten() for ways in (*sharing.between, sharing.to_tasks)])
        return (gates == 0).double().mean().item()

    assert closed(10.0) > 0.9 and closed(0.0) < 0.5
