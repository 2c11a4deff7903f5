import pytest
import torch

from recmtl.models.mmoe import MMoEConfig
from recmtl.models.model import Model
from recmtl.models.omoe import OMoEConfig
from recmtl.models.routes import Plan, Routes
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(32, seed=0).rows.batch
X_BI = torch.randn(7, 10, generator=torch.Generator().manual_seed(3))


def sharing_of(tasks=("a", "b"), **changes):
    torch.manual_seed(0)
    return OMoEConfig(num_experts=3, expert=(8,), **{"tower": (), **changes}).build(Plan(10, Routes(tasks)))


def test_all_tasks_read_the_one_gates_softmax_over_the_experts():
    sharing = sharing_of()
    expert_BEH, share_BE = sharing.experts(X_BI), (X_BI @ sharing.gates.weight.T).exp()
    share_BE = share_BE / share_BE.sum(1, keepdim=True)
    expected_BH = sum(share_BE[:, e : e + 1] * expert_BEH[:, e] for e in range(3))
    for routes in ([0, 1], [1], [1, 0]):
        h_BRH = sharing.deep(X_BI, None, routes)
        torch.testing.assert_close(h_BRH, expected_BH.unsqueeze(1).expand(-1, len(routes), -1))


@pytest.mark.parametrize("gate", [(), (6,)])
def test_it_is_mmoe_whose_gates_are_equal(gate):
    omoe = sharing_of(gate=gate, tower=(4,))
    mmoe = MMoEConfig(num_experts=3, expert=(8,), gate=gate, tower=(4,)).build(Plan(10, Routes(("a", "b"))))
    weights = omoe.state_dict()
    for name in [name for name in weights if name.startswith("gates.")]:
        weights[name] = weights[name].repeat(2, *[1] * (weights[name].ndim - 1))
    mmoe.load_state_dict(weights)
    torch.testing.assert_close(omoe.deep(X_BI, None, [0, 1]), mmoe.deep(X_BI, None, [0, 1]))


@pytest.mark.parametrize("gate", [(), (6,)])
def test_with_one_task_it_is_mmoe(gate):
    omoe = sharing_of(("a",), gate=gate)
    mmoe = MMoEConfig(num_experts=3, expert=(8,), gate=gate, tower=()).build(Plan(10, Routes(("a",))))
    mmoe.load_state_dict(omoe.state_dict())
    torch.testing.assert_close(omoe.deep(X_BI, None, [0]), mmoe.deep(X_BI, None, [0]))


def test_domains_share_the_gate_too():
    model = Model(OMoEConfig(per_domain=True), planted_schema(), seed=0).eval()
    assert model.sharing.gates.weight.shape[0] == 4
    assert len(model.sharing.towers.tower) == 6
    for domain in range(3):
        model.zero_grad()
        model(BATCH.take((BATCH.domain_B == domain).nonzero()[:, 0]))[:, 1].sum().backward()
        assert model.sharing.gates.weight.grad.any()
