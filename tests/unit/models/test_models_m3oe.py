import pytest
import torch
from conflicting import opposite_domains, reached

from recmtl.models.encoder import EncoderConfig
from recmtl.models.m3oe import M3oEConfig
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig

X_BI = torch.randn(7, 10, generator=torch.Generator().manual_seed(3))


def m3oe(tasks=("a", "b", "c"), domains=3, **changes):
    torch.manual_seed(0)
    config = {"star": 9, "hidden": 8, "num_shared_experts": 2, "expert": 6, "tower": (5,)}
    model = M3oEConfig(**{**config, **changes}).build(Plan(10, Routes(tasks, domains)))
    return model


def stirred(model):
    """Away from its start, where domains are alike."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.3 * torch.randn(value.shape, generator=generator))
    return model


def normed(experts, place, x_BI):
    """relu(norm(x W + b) * scale + shift) of one expert."""
    width = experts.out_dim
    columns = slice(place * width, (place + 1) * width)
    h_BH = x_BI @ experts.linear.weight[columns].T + experts.linear.bias[columns]
    variance_B1 = h_BH.var(1, unbiased=False, keepdim=True)
    h_BH = (h_BH - h_BH.mean(1, keepdim=True)) / (variance_B1 + 1e-5).sqrt()
    return (h_BH * experts.scale[columns] + experts.shift[columns]).clamp(min=0)


def balanced(experts, own, count, beta, h_BH):
    others = [normed(experts, other, h_BH) for other in range(count) if other != own]
    mine_BH = normed(experts, own, h_BH)
    if not others:
        return mine_BH
    share = 1 / (1 + torch.exp(-beta))
    return share * mine_BH + (1 - share) / len(others) * sum(others)


def by_the_paper(model, route):
    """An expert at a time."""
    domain, task = model.routes.domain(route), model.routes.task(route)
    own = model.of_domain[domain]
    star_BH = X_BI @ (own.weight * model.star.weight).T + own.bias + model.star.bias
    h_BH = star_BH @ model.joined.weight.T + model.joined.bias + normed(model.agnostic, 0, X_BI)
    score_BE = h_BH @ model.gates.weight[2 * route : 2 * route + 2].T
    share_BE = score_BE.exp() / score_BE.exp().sum(1, keepdim=True)
    mixed_BH = sum(share_BE[:, e : e + 1] * normed(model.shared_experts, e, h_BH) for e in range(2))
    of_domains = balanced(model.domain_experts, domain, model.routes.domains, model.beta_domain, h_BH)
    of_tasks = balanced(model.task_experts, task, len(model.routes.tasks), model.beta_task, h_BH)
    alpha_task, alpha_domain = (1 / (1 + torch.exp(-free)) for free in (model.alpha_task, model.alpha_domain))
    return model.towers.tower[route](mixed_BH + alpha_task * of_tasks + alpha_domain * of_domains)


@pytest.mark.parametrize("domain", [0, 2])
def test_it_computes_the_papers_equations(domain):
    model = stirred(m3oe())
    routes = model.routes.of([0, 1, 2], domain)
    expected = torch.stack([by_the_paper(model, route) for route in routes], dim=1)
    torch.testing.assert_close(model.deep(X_BI, None, routes), expected)
    torch.testing.assert_close(model.deep(X_BI, None, [routes[2], routes[0]]), expected[:, [2, 0]])


@pytest.mark.parametrize(("tasks", "domains"), [(("a",), 3), (("a", "b"), 1), (("a",), 1)])
def test_one_task_or_one_domain_has_its_expert_for_itself(tasks, domains):
    model = stirred(m3oe(tasks, domains))
    routes = model.routes.of(range(len(tasks)), 0)
    expected = torch.stack([by_the_paper(model, route) for route in routes], dim=1)
    h_BRH = model.deep(X_BI, None, routes)
    torch.testing.assert_close(h_BRH, expected)
    h_BRH.sum().backward()
    assert (model.beta_task is None, model.beta_domain is None) == (len(tasks) == 1, domains == 1)
    assert all(value.grad is not None for value in model.parameters() if value.numel() == 1)


def test_every_domain_starts_with_the_shared_layer():
    """Scenario-Wise-Rec starts both factors by Glorot: their product is next to nothing."""
    model = m3oe()
    expected = model.joined(model.star(X_BI)) + model.agnostic(X_BI)[:, 0]
    for domain in range(3):
        torch.testing.assert_close(model._representation(X_BI, domain), expected)


def test_the_shares_start_where_the_config_says():
    model = m3oe(alpha=0.3, beta=0.6)
    assert torch.cat([model.alpha_task, model.alpha_domain]).sigmoid().tolist() == pytest.approx([0.3] * 2)
    assert torch.cat([model.beta_task, model.beta_domain]).sigmoid().tolist() == pytest.approx([0.6] * 2)


def test_where_domains_disagree_it_ranks_better_than_a_shared_bottom():
    narrow = EncoderConfig(embedding_dim=4)
    shared = SharedBottomConfig(encoder=narrow, bottom=(32,), tower=(16,))
    own = M3oEConfig(encoder=narrow, star=32, hidden=32, expert=32, tower=(16,))
    short = {"rows": 2000, "epochs": 4}
    assert reached(own, opposite_domains(), **short) > reached(shared, opposite_domains(), **short) + 0.08
