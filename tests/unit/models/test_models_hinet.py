import pytest
import torch
from conflicting import opposite_domains, reached

from recmtl.models.encoder import EncoderConfig
from recmtl.models.hinet import HiNetConfig
from recmtl.models.ple import PLEConfig
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig

X_BI = torch.randn(7, 10, generator=torch.Generator().manual_seed(3))
WIDTHS = {"domain_expert": (8, 6), "expert": (7, 5), "tower": (4,)}


def hinet(tasks=("a", "b", "c"), domains=4, **changes):
    torch.manual_seed(0)
    config = {"num_domain_experts": 2, "num_sub_experts": 3, "num_specific_experts": 2, "num_shared_experts": 3}
    model = HiNetConfig(**{**config, **WIDTHS, **changes}).build(Plan(10, Routes(tasks, domains)))
    with torch.no_grad():
        for part in model.of_domain:
            if part.free is not None:
                part.free.normal_()
    return model


def share(score):
    return score.exp() / score.exp().sum(-1, keepdim=True)


def mixture(group, experts, sub_experts):
    """A sub-expert at a time."""
    total = 0
    for k in range(experts):
        of_expert = share(X_BI @ group.gate.weight.T)[:, k : k + 1] if experts > 1 else 1
        rows = slice(k * sub_experts, (k + 1) * sub_experts)
        of_sub = share(X_BI @ group.sub_gates.weight[rows].T) if sub_experts > 1 else torch.ones(7, 1)
        for m in range(sub_experts):
            total = total + of_expert * of_sub[:, m : m + 1] * group.experts(X_BI)[:, k * sub_experts + m]
    return total


def by_the_paper(model, route, experts=2, sub_experts=3):
    domain, task, domains = model.routes.domain(route), model.routes.task(route), model.routes.domains
    each = [mixture(group, experts, sub_experts) for group in model.each_domain]
    parts = [mixture(model.all_domains, experts, sub_experts), each[domain]]
    if domains > 1:
        others = [other for other in range(domains) if other != domain]
        weights = share(model.of_domain[domain].free) if domains > 2 else [1]
        parts.append(sum(weight * each[other] for weight, other in zip(weights, others, strict=True)))
    c_BI = torch.cat(parts, dim=1)
    mixed = [*model.each_task[task](c_BI).unbind(1), *model.all_tasks(c_BI).unbind(1)]
    weight_BE = share(c_BI @ model.gates.weight[len(mixed) * route : len(mixed) * (route + 1)].T)
    return model.towers.tower[route](sum(weight_BE[:, e : e + 1] * expert for e, expert in enumerate(mixed)))


@pytest.mark.parametrize("domain", [0, 1, 3])
def test_it_computes_the_papers_equations(domain):
    model = hinet()
    routes = model.routes.of([0, 1, 2], domain)
    expected = torch.stack([by_the_paper(model, route) for route in routes], dim=1)
    torch.testing.assert_close(model.deep(X_BI, None, routes), expected)
    torch.testing.assert_close(model.deep(X_BI, None, [routes[2], routes[0]]), expected[:, [2, 0]])


@pytest.mark.parametrize(("tasks", "domains"), [(("a", "b"), 2), (("a", "b"), 1), (("a",), 3)])
@pytest.mark.parametrize(("experts", "sub_experts"), [(1, 3), (2, 1), (1, 1)])
def test_one_of_anything_leaves_no_dead_weight(tasks, domains, experts, sub_experts):
    model = hinet(tasks, domains, num_domain_experts=experts, num_sub_experts=sub_experts)
    total = 0
    for route in range(len(model.routes)):
        h_BRH = model.deep(X_BI, None, [route])
        torch.testing.assert_close(h_BRH[:, 0], by_the_paper(model, route, experts, sub_experts))
        total = total + (h_BRH * torch.arange(4)).sum()
    total.backward()
    used = {name: value.grad for name, value in model.named_parameters()}
    assert not [name for name, gradient in used.items() if gradient is None and not name.startswith("towers")]
    assert all(used[name].any() for name in used if "gate" in name or "free" in name)


def test_without_experts_of_each_task_its_second_layer_mixes_the_shared_ones():
    model = hinet(num_specific_experts=0)
    c_BI = model._of_domain(X_BI, 1)
    route = model.routes.of([2], 1)[0]
    weight_BE = share(c_BI @ model.gates.weight[3 * route : 3 * route + 3].T)
    expected = model.towers.tower[route]((weight_BE.unsqueeze(-1) * model.all_tasks(c_BI)).sum(1))
    torch.testing.assert_close(model.deep(X_BI, None, [route])[:, 0], expected)


def test_its_second_layer_is_ples_cgc():
    model = hinet(domains=1)
    cgc = PLEConfig(num_levels=1, num_specific_experts=2, num_shared_experts=3, expert=(7, 5), tower=(4,))
    cgc = cgc.build(Plan(2 * 6, Routes(("a", "b", "c"))))
    cgc.shared_experts[0].load_state_dict(model.all_tasks.state_dict())
    cgc.levels[0].experts.load_state_dict(model.each_task.state_dict())
    cgc.towers.load_state_dict(model.towers.state_dict())
    with torch.no_grad():
        for gate, weight in zip(cgc.levels[0].gates, model.gates.weight.chunk(3), strict=True):
            gate.weight.copy_(weight)
    torch.testing.assert_close(model.deep(X_BI, None, [0, 1, 2]), cgc.deep(model._of_domain(X_BI, 0), None, [0, 1, 2]))


def test_a_domain_reads_the_experts_of_the_others_and_trains_them():
    model = hinet()
    model.deep(X_BI, None, model.routes.of([0], 1)).sum().backward()
    assert all(group.experts.first.weight.grad.any() for group in model.each_domain)
    assert [part.free.grad is not None for part in model.of_domain] == [False, True, False, False]


def test_a_domain_listens_to_all_others_alike_at_the_start():
    torch.manual_seed(0)
    model = HiNetConfig(**WIDTHS).build(Plan(10, Routes(("a",), 4)))
    assert model.of_domain[2]().tolist() == pytest.approx([1 / 3] * 3)


def test_where_domains_disagree_it_ranks_better_than_a_shared_bottom():
    narrow = EncoderConfig(embedding_dim=4)
    shared = SharedBottomConfig(encoder=narrow, bottom=(32,), tower=(16,))
    own = HiNetConfig(encoder=narrow, domain_expert=(32,), expert=(32,), tower=(16,))
    short = {"rows": 2000, "epochs": 4}
    assert reached(own, opposite_domains(), **short) > reached(shared, opposite_domains(), **short) + 0.08
