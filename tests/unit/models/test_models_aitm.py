"""A chain of tasks, each of which attends to the one before it."""

from dataclasses import replace
from math import exp, sqrt

import pytest
import torch

from recmtl.artifacts.progress import SILENT
from recmtl.models.aitm import AITMConfig
from recmtl.models.model import Model
from recmtl.models.output import Output
from recmtl.models.routes import Plan, Routes
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.predict import predict_rows

TASKS = ("click", "cart", "buy")
SCHEMA = planted_schema(entire_space=True)
BATCH = planted(64, seed=0, entire_space=True).rows.batch
CONFIG = AITMConfig(tower=(9, 6))
X_BI = torch.randn(7, 10, generator=torch.Generator().manual_seed(3))


def aitm(**changes):
    torch.manual_seed(0)
    return CONFIG.model_copy(update=changes).build(Plan(10, Routes(TASKS))).eval()


def tower(chain, x_I, task):
    """Of one task for one row."""
    first, (later,) = chain.towers.first, chain.towers.later
    h_H = (first.weight.chunk(3)[task] @ x_I + first.bias.chunk(3)[task]).relu()
    return (h_H @ later.weight[task] + later.bias[task, 0]).relu()


def by_the_paper(model, x_I):
    """z of each task for one row, a vector at a time."""
    (chain,) = model.of_domain
    z = [tower(chain, x_I, 0)]
    for task, step in enumerate(chain.transfers, 1):
        p_H = (step.info[0].weight @ z[-1] + step.info[0].bias).relu()
        u = [p_H, tower(chain, x_I, task)]
        of_u = [[h.weight @ vector + h.bias for h in (step.h1, step.h2, step.h3)] for vector in u]
        share = [exp((h2 @ h3).item() / sqrt(6)) for _, h2, h3 in of_u]
        z.append(sum(part / sum(share) * h1 for part, (h1, _, _) in zip(share, of_u, strict=True)))
    return torch.stack(z)


def test_it_computes_the_papers_equations():
    model = aitm()
    expected_BTH = torch.stack([by_the_paper(model, x_I) for x_I in X_BI])
    for tasks in ([0, 1, 2], [2, 0], [1], [2]):
        torch.testing.assert_close(model.deep(X_BI, None, tasks), expected_BTH[:, tasks])


def test_a_task_learns_through_those_before_it_and_never_from_those_after_it():
    def touched(task):
        model = aitm()
        model.deep(X_BI, None, [task]).sum().backward()
        weight = model.of_domain[0].towers.first.weight.grad
        steps = [any(value.grad is not None for value in step.parameters()) for step in model.of_domain[0].transfers]
        return [bool(part.any()) for part in weight.chunk(3)], steps

    assert touched(0) == ([True, False, False], [False, False])
    assert touched(1) == ([True, True, False], [True, False])
    assert touched(2) == ([True, True, True], [True, True])


def output_of(*rows):
    return Output(torch.tensor(rows, dtype=torch.float64).logit().float())


def weighing(*weights):
    return replace(BATCH, weight_B=torch.tensor(weights))


class TestCalibrator:
    def test_it_is_nothing_where_no_later_event_is_the_more_probable(self):
        output = output_of([0.9, 0.5, 0.5], [0.3, 0.3, 0.1])
        assert aitm().extra_loss(output, weighing(1.0, 1.0), [0, 1, 2]).item() == pytest.approx(0, abs=1e-6)

    def test_it_is_the_mean_over_the_rows_of_what_is_above(self):
        output = output_of([0.2, 0.5, 0.6], [0.5, 0.1, 0.3], [0.9, 0.5, 0.1])  # above: .3 + .1, .2, nothing
        loss = aitm(calibrator_weight=0.5).extra_loss(output, weighing(1.0, 1.0, 1.0), [0, 1, 2])
        assert loss.item() == pytest.approx(0.5 * (0.4 + 0.2 + 0) / 3)

    def test_the_same_rows_twice_are_worth_no_more(self):
        """PaddleRec takes the sum."""
        rows = [[0.2, 0.5], [0.5, 0.1]]
        once = aitm().extra_loss(output_of(*rows), weighing(1.0, 1.0), [0, 1])
        twice = aitm().extra_loss(output_of(*rows, *rows), weighing(1.0, 1.0, 1.0, 1.0), [0, 1])
        torch.testing.assert_close(once, twice)
        assert once > 0  # MMLRec has none

    def test_rows_count_by_their_weight(self):
        rows = [[0.2, 0.5], [0.5, 0.6]]
        loss = aitm(calibrator_weight=1.0).extra_loss(output_of(*rows), weighing(3.0, 1.0), [0, 1])
        assert loss.item() == pytest.approx((3 * 0.3 + 0.1) / 4)
        assert aitm().extra_loss(output_of(*rows), weighing(0.0, 0.0), [0, 1]).item() == 0

    def test_it_compares_tasks_along_the_chain_however_they_are_asked_for(self):
        asked = output_of([0.6, 0.2])  # buy, then click
        assert aitm(calibrator_weight=1.0).extra_loss(asked, weighing(1.0), [2, 0]).item() == pytest.approx(0.4)
        assert aitm().extra_loss(output_of([0.6]), weighing(1.0), [2]) is None

    def test_it_moves_both_probabilities(self):
        logits_BT = torch.tensor([[-1.0, 1.0]], requires_grad=True)
        aitm().extra_loss(Output(logits_BT), weighing(1.0), [0, 1]).backward()
        assert logits_BT.grad[0, 0] < 0 < logits_BT.grad[0, 1]

    def test_with_it_a_trained_model_puts_fewer_later_events_first(self):
        """In rows where all clicks are followed by buying, so that estimates contradict one another by chance."""

        def contradictions(weight):
            data = planted(1000, seed=3, entire_space=True)
            bought_B = data.rows.batch.labels_BT[:, :1]
            rows = replace(data.rows, batch=replace(data.rows.batch, labels_BT=bought_B.repeat(1, 2)))
            model = Model(AITMConfig(tower=(16, 8), calibrator_weight=weight), SCHEMA, seed=0)
            train(model, rows, rows, TrainConfig(epochs=6, batch_size=128), [0, 1], SILENT)
            click_B, buy_B = predict_rows(model, rows.batch, [0, 1]).T
            return (buy_B - click_B).clip(min=0).mean()

        assert contradictions(3.0) < 0.5 * contradictions(0.0)


def test_one_task_is_a_tower_and_a_head():
    schema = SCHEMA.model_copy(update={"tasks": SCHEMA.tasks[:1]})
    model = Model(CONFIG, schema, seed=0).eval()
    assert not model.sharing.of_domain[0].transfers
    assert model(BATCH).shape == (len(BATCH), 1)
