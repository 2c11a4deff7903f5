"""Clicked rows that stand for those without a click."""

from dataclasses import replace
from itertools import product
from math import exp, log

import numpy as np
import pytest
import torch
from narrow import narrow

from recmtl.adapters.mask import Masks
from recmtl.artifacts.progress import SILENT
from recmtl.metrics.auc import auc
from recmtl.models.escm2 import ESCM2Config
from recmtl.models.model import Model
from recmtl.models.output import Output
from recmtl.models.routes import Plan, Routes
from recmtl.schema import Task
from recmtl.testing.model_contract import CHECKS
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import AdamConfig

SCHEMA = planted_schema(entire_space=True)
BATCH = planted(64, seed=0, entire_space=True).rows.batch
THREE = SCHEMA.model_copy(update={"tasks": tuple(Task(name=n, kind="binary") for n in ("click", "cart", "buy"))})
KINDS = ("ips", "dr")


def config(kind="ips", **changes):
    return ESCM2Config(**{"kind": kind, "num_experts": 2, "expert": (9, 6), "tower": (5,), **changes})


def sharing(kind="ips", tasks=2, **changes):
    return config(kind, counterfactual_weight=1.0, **changes).build(Plan(10, Routes(tuple("abc"[:tasks]))))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_doubly_robust_keeps_the_contract(check):
    check(narrow(ESCM2Config(kind="dr")))


class Rows:
    """For the third loss: click, conversion, the logits of a click and of a conversion given one, an estimate."""

    def __init__(self, *rows, weights=None, observed=None):
        columns = torch.tensor(rows, dtype=torch.float32)
        self.click, self.bought, self.before, self.own, self.imputed = columns.T.tolist()
        nothing_B = torch.zeros(len(rows))
        weight_B = torch.ones(len(rows)) if weights is None else torch.tensor(weights)
        observed_BT = torch.ones(len(rows), 2, dtype=torch.bool) if observed is None else torch.tensor(observed)
        self.batch = replace(BATCH, labels_BT=columns[:, :2], weight_B=weight_B, observed_BT=observed_BT)
        self.leaves = {name: columns[:, place].clone().requires_grad_() for name, place in _PLACES.items()}
        auxiliary = {name: torch.stack([nothing_B, leaf], dim=1) for name, leaf in self.leaves.items()}
        self.output = Output(torch.zeros(len(rows), 2), auxiliary)

    def loss(self, kind, **changes):
        return sharing(kind, **changes).extra_loss(self.output, self.batch, [0, 1])

    def by_the_paper(self, kind, most):
        """A row at a time."""
        first, second = [], []
        for o, r, before, own, imputed in zip(
            self.click, self.bought, self.before, self.own, self.imputed, strict=True
        ):
            chance, propensity = 1 / (1 + exp(-own)), max(1 / (1 + exp(-before)), 1 / most)
            d = -r * log(chance) - (1 - r) * log(1 - chance)
            if kind == "ips":
                first.append(o * d / propensity)
            else:
                first.append(imputed + o * (d - imputed) / propensity)
                second.append(o * (d - imputed) ** 2 / propensity)
        return (sum(first) + sum(second)) / len(first)


_PLACES = {"before": 2, "own": 3, "imputed": 4}
MIXED = ((1, 1, -0.5, 0.3, 0.4), (0, 0, 0.7, -1.0, 0.9), (1, 0, -6.0, 0.8, 0.2), (0, 0, -2.0, 2.0, 0.6))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("most", [2.0, 15.0, 1000.0])
def test_the_third_loss_is_the_papers(kind, most):
    rows = Rows(*MIXED)
    assert rows.loss(kind, max_weight=most).item() == pytest.approx(rows.by_the_paper(kind, most), rel=1e-5)


def test_where_every_row_is_a_sure_click_it_is_the_mean_of_the_conversions_losses():
    rows = Rows((1, 1, 40.0, 0.3, 0.0), (1, 0, 40.0, -1.0, 0.0), (1, 0, 40.0, 0.8, 0.0))
    plain = torch.nn.functional.binary_cross_entropy_with_logits(rows.leaves["own"], torch.tensor(rows.bought))
    torch.testing.assert_close(rows.loss("ips"), plain)


def test_where_every_row_is_a_click_of_one_probability_it_is_so_much_more():
    rows = Rows((1, 1, log(0.25 / 0.75), 0.3, 0.0), (1, 0, log(0.25 / 0.75), -1.0, 0.0))
    plain = torch.nn.functional.binary_cross_entropy_with_logits(rows.leaves["own"], torch.tensor(rows.bought))
    torch.testing.assert_close(rows.loss("ips"), plain / 0.25)


@pytest.mark.parametrize("kind", KINDS)
def test_over_all_clicks_that_might_have_been_it_is_the_loss_of_all_rows(kind):
    """No bias: the expectation over clicks of the given probabilities, of the part without the square."""
    chances, conversions, own, imputed = (0.2, 0.7, 0.5), (1.0, 0.0, 1.0), (0.3, -1.0, 2.0), (0.5, 0.1, 0.9)
    expected = 0.0
    for clicks in product((0.0, 1.0), repeat=3):
        probability = np.prod([p if o else 1 - p for o, p in zip(clicks, chances, strict=True)])
        rows = Rows(
            *((o, o * r, log(p / (1 - p)), y, s) for o, r, p, y, s in zip(
                clicks, conversions, chances, own, imputed, strict=True))
        )  # fmt: skip
        loss = rows.loss(kind).item()
        if kind == "dr":
            entropy = np.logaddexp(0, -np.array(own) * (2 * np.array(conversions) - 1))
            loss -= np.mean(np.array(clicks) * (entropy - np.array(imputed)) ** 2 / np.array(chances))
        expected += probability * loss
    all_rows = np.mean([np.logaddexp(0, -y if r else y) for y, r in zip(own, conversions, strict=True)])
    assert expected == pytest.approx(all_rows, rel=1e-5)


def test_a_rows_part_depends_on_no_other_rows_click():
    """PaddleRec multiplies a probability with the number of clicks of the batch."""
    some, more = Rows(*MIXED[:2]), Rows(*MIXED[:2], (0, 0, 0.3, 0.1, 0.0), (0, 0, -1.0, 0.1, 0.0))
    torch.testing.assert_close(more.loss("ips") * 4, some.loss("ips") * 2)
    both = Rows(*MIXED[:2], (1, 1, 0.3, 0.1, 0.0))
    of_third = Rows((1, 1, 0.3, 0.1, 0.0)).loss("ips")
    torch.testing.assert_close(both.loss("ips") * 3, some.loss("ips") * 2 + of_third)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_without_a_click_and_the_clicks_probability_get_no_gradient(kind):
    """MMLRec weighs one sum of losses, those of rows without a click included."""
    rows = Rows(*MIXED)
    rows.loss(kind).backward()
    assert rows.leaves["before"].grad is None
    assert (rows.leaves["own"].grad != 0).tolist() == [True, False, True, False]
    if kind == "dr":
        assert (rows.leaves["imputed"].grad != 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_clicks_own_parts_learn_nothing_from_it(kind):
    """MMLRec sets an attribute that stops no gradient."""
    model = Model(config(kind), SCHEMA, seed=0)
    model.sharing.extra_loss(model.output(BATCH), BATCH, [0, 1]).backward()

    def touched(name):
        gradient = dict(model.named_parameters())[name].grad
        return gradient is not None and bool(gradient.any())

    assert touched("heads.head.1.weight") and not touched("heads.head.0.weight")
    assert touched("sharing.towers.tower.1.0.weight") and not touched("sharing.towers.tower.0.0.weight")
    click, conversion = model.sharing.gates.weight.grad.chunk(2)
    assert conversion.any() and not click.any()
    assert touched("sharing.experts.first.weight")


@pytest.mark.parametrize("kind", KINDS)
def test_rows_count_by_their_weight_and_only_where_both_labels_are_known(kind):
    heavy = Rows(*MIXED[:3], weights=[2.0, 1.0, 1.0])
    twice = Rows(MIXED[0], *MIXED[:3])
    torch.testing.assert_close(heavy.loss(kind), twice.loss(kind))
    unknown = Rows(*MIXED, observed=[[True, True], [False, True], [True, True], [True, False]])
    torch.testing.assert_close(unknown.loss(kind), Rows(MIXED[0], MIXED[2]).loss(kind))
    assert Rows(*MIXED, weights=[0.0] * 4).loss(kind).item() == 0


def test_a_click_that_is_never_expected_gives_no_infinite_loss():
    rows = Rows((1, 1, -500.0, 0.3, 0.0))
    loss = rows.loss("ips", max_weight=15.0)
    loss.backward()
    assert loss.item() == pytest.approx(15 * np.logaddexp(0, -0.3)) and rows.leaves["own"].grad.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("schema", [SCHEMA, THREE], ids=["two", "three"])
def test_probabilities_are_products_for_any_tasks_in_any_order(kind, schema):
    model = Model(config(kind), schema, seed=0).eval()
    tasks = list(range(len(schema.tasks)))
    whole = model.output(BATCH)
    expected_BT = whole.auxiliary["own"].sigmoid().cumprod(1)
    torch.testing.assert_close(whole.logits_BT.sigmoid(), expected_BT)
    torch.testing.assert_close(whole.auxiliary["before"][:, 1:].sigmoid(), expected_BT[:, :-1])
    for asked in ([0], [1], tasks[::-1], tasks[1:]):
        part = model.output(BATCH, asked)
        torch.testing.assert_close(part.logits_BT, whole.logits_BT[:, asked])
        for name, values in part.auxiliary.items():
            torch.testing.assert_close(values, whole.auxiliary[name][:, asked])


@pytest.mark.parametrize("kind", KINDS)
def test_a_longer_chain_has_the_loss_of_each_task_after_the_first(kind):
    model = Model(config(kind, counterfactual_weight=0.3), THREE, seed=0).eval()
    labels_BT = torch.cat([BATCH.labels_BT, BATCH.labels_BT[:, 1:] * (torch.arange(64) % 2).unsqueeze(1)], dim=1)
    batch = replace(BATCH, labels_BT=labels_BT, observed_BT=torch.ones(64, 3, dtype=torch.bool))
    output = model.output(batch)
    by_hand = 0
    for task in (1, 2):
        columns = [output.auxiliary[name][:, task] for name in ("before", "own")]
        columns += [output.auxiliary["imputed"][:, task]] if kind == "dr" else [torch.zeros(64)]
        rows = torch.stack([labels_BT[:, task - 1], labels_BT[:, task], *columns], dim=1).tolist()
        by_hand += Rows(*rows).by_the_paper(kind, 15.0)
    losses = [model.sharing.extra_loss(output, batch, [0, 1, 2]).item()]
    reverse = model.output(batch, [2, 1])
    losses.append(model.sharing.extra_loss(reverse, batch, [2, 1]).item())
    assert losses == pytest.approx([0.3 * by_hand] * 2, rel=1e-4)
    assert model.sharing.extra_loss(model.output(batch, [0]), batch, [0]) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("per_domain", [False, True])
def test_masks_and_domains_leave_the_third_loss_what_it_is(kind, per_domain):
    model = Model(config(kind, per_domain=per_domain), SCHEMA, seed=0).eval()
    plain = model.sharing.extra_loss(model.output(BATCH), BATCH, [0, 1])
    shuffled = BATCH.take(torch.randperm(64, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(model.sharing.extra_loss(model.output(shuffled), shuffled, [0, 1]), plain)
    model.masks = Masks({1: {}})
    torch.testing.assert_close(model.sharing.extra_loss(model.output(BATCH), BATCH, [0, 1]), plain)


@pytest.mark.parametrize("domain", [0, 1, 2])
def test_each_task_after_the_first_has_an_estimate_of_its_own_in_each_domain(domain):
    model = Model(config("dr", per_domain=True), THREE, seed=0).eval()
    imputed_BT = model.output(BATCH.take((BATCH.domain_B == domain).nonzero()[:, 0])).auxiliary["imputed"]
    for task in (1, 2):
        model.zero_grad()
        imputed_BT[:, task].sum().backward(retain_graph=True)
        gradients = [part.head.weight.grad for part in model.sharing.imputations]
        learnt = [place for place, gradient in enumerate(gradients) if gradient is not None and gradient.any()]
        assert learnt == [2 * domain + task - 1]
    assert len(model.sharing.imputations) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_the_conversion_rate_of_rows_without_a_click(kind):
    rows, valid, held_out = (planted(count, seed, True) for count, seed in ((8000, 10), (2000, 11), (4000, 12)))
    model = Model(ESCM2Config(kind=kind, num_experts=2, expert=(32, 16), tower=()), SCHEMA, seed=0)
    config = TrainConfig(epochs=4, batch_size=256, optimizer=AdamConfig(learning_rate=3e-3))
    train(model, rows.rows, valid.rows, config, [0, 1], SILENT)
    rate_B = held_out.probability_BT[:, 1] / held_out.probability_BT[:, 0]
    likely_B = rate_B > rate_B.median()
    output = model.eval().output(held_out.rows.batch)
    own_BT = output.auxiliary["own"].detach()
    of_click, of_conversion = (auc(likely_B.numpy(), own_BT[:, task].numpy()) for task in (0, 1))
    assert of_conversion > 0.9 > of_click


@pytest.mark.parametrize("kind", KINDS)
def test_one_task_has_no_third_loss(kind):
    schema = SCHEMA.model_copy(update={"tasks": SCHEMA.tasks[:1]})
    model = Model(config(kind), schema, seed=0).eval()
    assert model(BATCH).shape == (len(BATCH), 1) and not model.sharing.imputations
    assert model.sharing.extra_loss(model.output(BATCH), BATCH, [0]) is None
