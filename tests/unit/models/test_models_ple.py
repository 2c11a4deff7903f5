import pytest
import torch

from recmtl.models.mmoe import MMoEConfig
from recmtl.models.ple import PLEConfig
from recmtl.models.routes import Plan, Routes

TASKS = ("a", "b", "c")
X_BI = torch.randn(7, 10, generator=torch.Generator().manual_seed(3))


def ple(**changes):
    torch.manual_seed(0)
    config = {"num_levels": 3, "num_specific_experts": 2, "num_shared_experts": 3, "expert": (8, 6), "tower": (5,)}
    return PLEConfig(**{**config, **changes}).build(Plan(10, Routes(TASKS)))


def share(gate, h_BI):
    """Of a linear gate; or of one with a hidden layer."""
    if isinstance(gate, torch.nn.Sequential):
        hidden, gate = gate[0][0], gate[1]
        h_BI = (h_BI @ hidden.weight.T + hidden.bias).clamp(min=0)
    score_BE = h_BI @ gate.weight.T
    return score_BE.exp() / score_BE.exp().sum(1, keepdim=True)


def by_the_paper(model, x_BI, levels):
    """Equations 1 to 6, a task, a level and an expert at a time."""
    h, shared_BI = [x_BI] * len(TASKS), x_BI
    for place, level in enumerate(model.levels):
        common = [model.shared_experts[place](shared_BI)[:, e] for e in range(3)]
        own = [[level.experts[t](h[t])[:, e] for e in range(2)] for t in range(len(TASKS))]
        h_next = []
        for t in range(len(TASKS)):
            experts, share_BE = own[t] + common, share(level.gates[t], h[t])
            h_next.append(sum(share_BE[:, e : e + 1] * expert for e, expert in enumerate(experts)))
        if place < levels - 1:
            experts, share_BE = [*own[0], *own[1], *own[2], *common], share(level.shared_gate, shared_BI)
            shared_BI = sum(share_BE[:, e : e + 1] * expert for e, expert in enumerate(experts))
        h = h_next
    return torch.stack([model.towers.tower[t](h[t]) for t in range(len(TASKS))], dim=1)


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("gate", [(), (4,)])
def test_it_computes_the_papers_equations(levels, gate):
    model = ple(num_levels=levels, gate=gate)
    expected = by_the_paper(model, X_BI, levels)
    torch.testing.assert_close(model.deep(X_BI, None, [0, 1, 2]), expected)
    torch.testing.assert_close(model.deep(X_BI, None, [2, 0]), expected[:, [2, 0]])


def test_one_level_without_experts_of_its_own_is_mmoe():
    one = ple(num_levels=1, num_specific_experts=0)
    mmoe = MMoEConfig(num_experts=3, expert=(8, 6), tower=(5,)).build(Plan(10, Routes(TASKS)))
    mmoe.experts.load_state_dict(one.shared_experts[0].state_dict())
    mmoe.towers.load_state_dict(one.towers.state_dict())
    with torch.no_grad():
        mmoe.gates.weight.copy_(torch.cat([gate.weight for gate in one.levels[0].gates]))
    torch.testing.assert_close(one.deep(X_BI, None, [0, 1, 2]), mmoe.deep(X_BI, None, [0, 1, 2]))


def test_so_it_is_with_hidden_layers_in_the_gates():
    one = ple(num_levels=1, num_specific_experts=0, gate=(7, 4))
    mmoe = MMoEConfig(num_experts=3, expert=(8, 6), gate=(7, 4), tower=(5,)).build(Plan(10, Routes(TASKS)))
    mmoe.experts.load_state_dict(one.shared_experts[0].state_dict())
    mmoe.towers.load_state_dict(one.towers.state_dict())
    first, later = mmoe.gates.hidden.first, mmoe.gates.hidden.later[0]
    with torch.no_grad():
        for task, (hidden, last) in enumerate(one.levels[0].gates):
            hidden[0].bias.normal_(), hidden[3].bias.normal_()
            first.weight.chunk(3)[task].copy_(hidden[0].weight)
            first.bias.chunk(3)[task].copy_(hidden[0].bias)
            later.weight[task].copy_(hidden[3].weight.T)
            later.bias[task].copy_(hidden[3].bias)
            mmoe.gates.weight[task].copy_(last.weight)
    torch.testing.assert_close(one.deep(X_BI, None, [0, 1, 2]), mmoe.deep(X_BI, None, [0, 1, 2]))
    torch.testing.assert_close(one.deep(X_BI, None, [1]), mmoe.deep(X_BI, None, [1]))


def gradients(model, task):
    model.zero_grad()
    model.deep(X_BI, None, [0, 1, 2])[:, task].sum().backward()
    return {name for name, value in model.named_parameters() if value.grad is not None and value.grad.any()}


def test_at_one_level_a_task_never_reaches_the_experts_of_another():
    touched = gradients(ple(num_levels=1), task=1)
    assert any(name.startswith("levels.0.experts.1.") for name in touched)
    assert not any(name.startswith(("levels.0.experts.0.", "levels.0.gates.0.")) for name in touched)


def test_at_two_levels_it_reaches_them_through_the_shared_experts_alone():
    model = ple(num_levels=2)
    assert any(name.startswith("levels.0.experts.0.") for name in gradients(model, task=1))
    with torch.no_grad():  # without the way through the shared experts nothing of another task is left
        for value in model.shared_experts[1].parameters():
            value.zero_()
    touched = gradients(model, task=1)
    assert not any(name.startswith(("levels.0.experts.0.", "levels.1.experts.0.")) for name in touched)


def test_the_last_level_has_no_shared_gate():
    model = ple()
    assert [level.shared_gate is None for level in model.levels] == [False, False, True]
    assert model.levels[0].shared_gate.weight.shape == (3 * 2 + 3, 10)
    assert not any(name.endswith("bias") for name, _ in model.named_parameters() if "gate" in name)


def test_experts_of_equal_shape_start_differently():
    """DeepCTR's port gives every expert the same seed."""
    model = ple()
    weights = [level.experts[t].first.weight for level in model.levels for t in range(3)]
    weights += [experts.first.weight for experts in model.shared_experts]
    halves = [half for weight in weights for half in weight[:16].chunk(2)]
    assert len({half.detach().numpy().tobytes() for half in halves}) == len(halves)
