"""Scores of a domain, or a task, mixed with those of the others, which get no gradient."""

from dataclasses import replace

import pytest
import torch

from recmtl.models.hmoe import HMoEConfig
from recmtl.models.mmoe import MMoEConfig
from recmtl.models.model import Model
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(48, seed=0).rows.batch
SMALL = {"num_experts": 3, "expert": (8,), "tower": (5,)}
DOMAINS, TASKS = range(3), range(2)


def model(per_domain, seed=0, schema=None):
    made = Model(HMoEConfig(**SMALL, per_domain=per_domain), schema or planted_schema(), seed).eval()
    with torch.no_grad():  # gates that differ from even ones
        made.sharing.label_gates.weight.mul_(5)
    return made


def scores(made, batch, routes):
    """Of MMoE, before they are mixed."""
    encoded = made.encoder(batch)
    return made.heads(made.sharing.deep(made.interaction(encoded).x_BI, encoded, routes), routes)


def of_domain(domain):
    return BATCH.take((BATCH.domain_B == domain).nonzero()[:, 0])


def share(made, batch, route, count):
    """The softmax of a route's gate."""
    x_BI = made.interaction(made.encoder(batch)).x_BI
    score_BP = x_BI @ made.sharing.label_gates.weight[route * count : (route + 1) * count].T
    return score_BP.exp() / score_BP.exp().sum(1, keepdim=True)


def gradients(made, logits):
    made.zero_grad()
    logits.sum().backward()
    found = {name: value.grad for name, value in made.named_parameters() if value.grad is not None}
    return {name: grad.to_dense() for name, grad in found.items() if grad.to_dense().any()}


def test_each_domains_score_of_a_task_is_mixed_with_those_of_the_other_domains():
    made = model(per_domain=True)
    for domain in DOMAINS:
        batch = of_domain(domain)
        for task in TASKS:
            routes = [other * 2 + task for other in DOMAINS]
            share_BP, score_BP = share(made, batch, domain * 2 + task, 3), scores(made, batch, routes)
            expected_B = sum(share_BP[:, other] * score_BP[:, other] for other in DOMAINS)
            torch.testing.assert_close(made(batch)[:, task], expected_B)
            torch.testing.assert_close(made(batch, [task])[:, 0], expected_B)


def test_without_parts_for_domains_it_mixes_the_scores_of_the_tasks():
    made = model(per_domain=False)
    score_BT = scores(made, BATCH, TASKS)
    for task in TASKS:
        torch.testing.assert_close(made(BATCH)[:, task], (share(made, BATCH, task, 2) * score_BT).sum(1))


@pytest.mark.parametrize("per_domain", [False, True])
def test_a_score_gives_no_gradient_to_another_ones_tower_and_one_to_its_gate(per_domain):
    made = model(per_domain)
    touched = gradients(made, made(of_domain(1) if per_domain else BATCH)[:, 1])
    own = 3 if per_domain else 1
    towers = {name for name in touched if "towers.tower." in name or "heads.head." in name}
    assert towers == {name for name in towers if f".{own}." in name} and towers
    gate_RPI = touched["sharing.label_gates.weight"].unflatten(0, (len(made.routes), -1))
    assert all(gate_I.any() for gate_I in gate_RPI[own])
    assert not gate_RPI[torch.arange(len(made.routes)) != own].any()


def test_what_all_share_learns_from_the_own_score_alone():
    """Its gradient is that of the mixture in which the others are numbers."""
    made = model(per_domain=True)
    batch = of_domain(0)
    found = gradients(made, made(batch, [0])[:, 0])["sharing.experts.first.weight"]
    share_BP, score_BP = share(made, batch, 0, 3).detach(), scores(made, batch, [0, 2, 4])
    expected = gradients(made, share_BP[:, 0] * score_BP[:, 0])["sharing.experts.first.weight"]
    torch.testing.assert_close(found, expected)


def test_the_scores_that_it_mixes_are_those_of_mmoe():
    made = model(per_domain=True)
    plain = Model(MMoEConfig(**SMALL, per_domain=True), planted_schema(), seed=1).eval()
    plain.load_state_dict({name: value for name, value in made.state_dict().items() if "label_gates" not in name})
    scored = scores(made, of_domain(2), [0, 2, 4])[:, 2]
    torch.testing.assert_close(plain(of_domain(2))[:, 0], scored)


@pytest.mark.parametrize("per_domain", [False, True])
def test_one_domain_and_one_task_are_mmoe(per_domain):
    one = planted_schema()
    one = one.model_copy(update={"domains": ("all",), "tasks": one.tasks[:1]})
    batch = replace(BATCH, domain_B=torch.zeros_like(BATCH.domain_B), labels_BT=BATCH.labels_BT[:, :1])
    made = model(per_domain, schema=one)
    torch.testing.assert_close(made(batch), scores(made, batch, [0]))
