"""A star of networks: what all domains share, times what each has of its own."""

from dataclasses import replace

import pytest
import torch
from conflicting_domains import auc_on_conflicting_domains
from pydantic import ValidationError

from recmtl.artifacts.progress import SILENT
from recmtl.models.model import Model
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.models.star import STARConfig
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train

BATCH = planted(60, seed=0).rows.batch
CONFIG = STARConfig(bottom=(9, 6), tower=(5,), auxiliary=(4,), domain_dim=3, epsilon=0.01)
DOMAINS = range(3)


def of_domain(domain, batch=BATCH):
    return batch.take((batch.domain_B == domain).nonzero()[:, 0])


def drawn(seed=0):
    """A model none of whose parameters stands where it started."""
    made = Model(CONFIG, planted_schema(), seed)
    torch.manual_seed(seed)
    with torch.no_grad():
        for value in made.sharing.parameters():
            value.add_(0.3 * torch.randn(value.shape))
    return made


def inputs(made, batch):
    encoded = made.encoder(batch)
    return made.interaction(encoded).x_BI, encoded


def by_the_paper(made, domain, task, normalised_BI, x_BI):
    """A domain's logit of a task, from its normalised input."""
    sharing = made.sharing
    own = sharing.of_domain[domain]
    h_BI = normalised_BI * sharing.scale * own.scale + sharing.shift + own.shift
    layers = [*zip(sharing.bottom, own.bottom, strict=True)]
    layers += [*zip(sharing.towers[task], own.towers[task], strict=True)]
    for shared, factor in layers:
        h_BI = (h_BI @ (shared.weight * factor.weight).T + shared.bias + factor.bias).clamp(min=0)
    vector_BV = sharing.vectors.of_domain[domain].vector.expand(len(x_BI), -1)
    hidden = sharing.auxiliary[0]
    a_BH = (torch.cat([vector_BV, x_BI], 1) @ hidden.weight.T + hidden.bias).clamp(min=0)
    last, head = sharing.auxiliary_logits, made.heads.head[domain * 2 + task]
    return h_BI @ head.weight[0] + head.bias + a_BH @ last.weight[task] + last.bias[task]


@pytest.mark.parametrize("domain", DOMAINS)
def test_in_training_it_computes_the_papers_equations_with_the_statistics_of_its_rows(domain):
    made, batch = drawn(), of_domain(domain)
    x_BI, encoded = inputs(made.eval(), batch)
    sharing = made.sharing.train()
    normalised_BI = (x_BI - x_BI.mean(0)) / (x_BI.var(0, unbiased=False) + CONFIG.epsilon).sqrt()
    routes = made.routes.of([0, 1], domain)
    found_BT = sharing(x_BI, encoded, routes, made.heads).logits_BT
    for task in (0, 1):
        torch.testing.assert_close(found_BT[:, task], by_the_paper(made, domain, task, normalised_BI, x_BI))


def test_in_evaluation_each_domain_uses_running_statistics_of_its_own():
    made = drawn()
    with torch.no_grad():
        for part in made.sharing.of_domain:
            part.statistics.running_mean.uniform_(-1, 1)
            part.statistics.running_var.uniform_(0.5, 2)
    made.eval()
    logits_BT = made(BATCH)
    for domain in DOMAINS:
        x_BI, _ = inputs(made, of_domain(domain))
        known = made.sharing.of_domain[domain].statistics
        normalised_BI = (x_BI - known.running_mean) / (known.running_var + CONFIG.epsilon).sqrt()
        for task in (0, 1):
            expected_B = by_the_paper(made, domain, task, normalised_BI, x_BI)
            torch.testing.assert_close(logits_BT[BATCH.domain_B == domain, task], expected_B)


def test_running_statistics_come_to_those_of_the_domains_rows():
    """Public code keeps those of all domains together, or none."""
    made = Model(CONFIG, planted_schema(), seed=0)
    made.encoder.eval()
    for _ in range(200):
        made(BATCH)
    for domain in DOMAINS:
        x_BI, _ = inputs(made, of_domain(domain))
        known = made.sharing.of_domain[domain].statistics
        torch.testing.assert_close(known.running_mean, x_BI.mean(0), rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(known.running_var, x_BI.var(0), rtol=1e-3, atol=1e-3)


def test_a_domains_batch_moves_the_statistics_of_no_other():
    made = Model(CONFIG, planted_schema(), seed=0)
    before = {name: value.clone() for name, value in made.named_buffers()}
    made(of_domain(1))
    moved = {name for name, value in made.named_buffers() if not torch.equal(value, before[name])}
    assert moved and all(".of_domain.1." in name for name in moved)


def test_a_domains_only_row_in_a_batch_is_normalised_by_what_is_known_and_changes_nothing():
    made = drawn()
    made.encoder.eval()
    for _ in range(20):
        made(BATCH)
    before = {name: value.clone() for name, value in made.named_buffers()}
    alone = of_domain(2).take(torch.tensor([0]))
    in_training_BT = made(alone)
    for name, value in made.named_buffers():
        assert torch.equal(value, before[name]), name
    torch.testing.assert_close(in_training_BT, made.eval()(alone))


def test_no_rows_at_all_are_no_fault_and_change_nothing():
    made = Model(CONFIG, planted_schema(), seed=0)
    before = {name: value.clone() for name, value in made.named_buffers()}
    assert made(BATCH.take(torch.tensor([], dtype=torch.int64))).shape == (0, 2)
    assert all(torch.equal(value, before[name]) for name, value in made.named_buffers())


def test_domains_start_as_one_and_the_same_network():
    """Factors at 1 and summands at 0: with equal heads and vectors the domain changes nothing. Public code starts both
    factors near 0.
    """
    made = Model(CONFIG, planted_schema(), seed=0).eval()
    with torch.no_grad():
        for domain in DOMAINS:
            for task in (0, 1):
                made.heads.head[2 * domain + task].load_state_dict(made.heads.head[task].state_dict())
            made.sharing.vectors.of_domain[domain].vector.fill_(0.5)
    logits = [made(replace(BATCH, domain_B=torch.full_like(BATCH.domain_B, domain))) for domain in DOMAINS]
    for other in logits[1:]:
        torch.testing.assert_close(other, logits[0])
    own = dict(made.sharing.of_domain.named_parameters())
    assert all((value == (1 if name.endswith(("weight", "scale")) else 0)).all() for name, value in own.items())


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_parameter_of_a_domain_learns_from_its_rows_alone(domain):
    """Public code trains those of the last domain only, or all of them from all rows."""
    made = Model(STARConfig(tower=(16,)), planted_schema(), seed=0)
    made(of_domain(domain, planted(400, seed=3).rows.batch)).sum().backward()
    for other in DOMAINS:
        parts = [made.sharing.of_domain[other], made.sharing.vectors.of_domain[other]]
        for value in (value for part in parts for value in part.parameters()):
            learns = value.grad is not None and bool(value.grad.any())
            assert learns == (other == domain)


def test_a_task_leaves_the_tower_of_another_alone():
    made = Model(CONFIG, planted_schema(), seed=0)
    made(BATCH)[:, 0].sum().backward()
    touched = {name for name, value in made.named_parameters() if value.grad is not None and value.grad.any()}
    assert any("towers.0." in name for name in touched) and not any("towers.1." in name for name in touched)


def test_it_cannot_be_told_to_have_no_parts_for_domains():
    with pytest.raises(ValidationError, match="per_domain"):
        STARConfig(per_domain=False)


def test_without_towers_the_logits_read_the_bottom():
    sharing = STARConfig(bottom=(8,), tower=()).build(Plan(10, Routes(("a", "b"), 2), domains=("x", "y")))
    assert sharing.out_dim == 8
    h_BRH = sharing.eval().deep(torch.randn(4, 10), None, [2, 3])
    assert torch.equal(h_BRH[:, 0], h_BRH[:, 1])


def test_one_domain_with_one_task_is_trained():
    one = planted_schema()
    one = one.model_copy(update={"domains": ("all",), "tasks": one.tasks[:1]})
    rows = planted(200, seed=1).rows
    columns = {"labels_BT": rows.batch.labels_BT[:, :1], "observed_BT": rows.batch.observed_BT[:, :1]}
    batch = replace(rows.batch, domain_B=torch.zeros_like(rows.batch.domain_B), **columns)
    rows = replace(rows, batch=batch)
    state = train(Model(CONFIG, one, seed=0), rows, rows, TrainConfig(epochs=2, batch_size=33), [0], SILENT)
    assert state.history[1]["loss"]["click"] < state.history[0]["loss"]["click"]


def test_domains_that_want_the_contrary_are_learnt_where_a_shared_bottom_cannot():
    """Two units: with them all domains pass one and the same narrow network, or each its own."""
    for per_domain in (False, True):
        assert auc_on_conflicting_domains(SharedBottomConfig(bottom=(2,), tower=(), per_domain=per_domain)) < 0.86
    assert auc_on_conflicting_domains(STARConfig(bottom=(2,), tower=())) > 0.89
