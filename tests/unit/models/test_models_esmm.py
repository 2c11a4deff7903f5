"""A product of probabilities, learnt over all rows."""

from dataclasses import replace

import pytest
import torch

from recmtl.adapters.mask import Masks
from recmtl.artifacts.progress import SILENT
from recmtl.batch import Batch
from recmtl.errors import ConfigError
from recmtl.metrics.auc import auc
from recmtl.models.esmm import ESMMConfig
from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.schema import Task
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.objective import Objective
from recmtl.training.predict import predict_rows

SCHEMA = planted_schema(entire_space=True)
DATA = planted(64, seed=0, entire_space=True)
BATCH: Batch = DATA.rows.batch
CONFIG = ESMMConfig(tower=(9, 6))


def schema_of(*tasks):
    return SCHEMA.model_copy(update={"tasks": tasks})


def own_logits(model, batch=BATCH):
    """Of each task's own network, before any product."""
    encoded = model.encoder(batch)
    tasks = range(len(model.schema.tasks))
    return model.heads(model.sharing.deep(model.interaction(encoded).x_BI, encoded, tasks), tasks)


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {name: value.grad for name, value in model.named_parameters() if value.grad is not None}


def test_a_tasks_probability_is_the_product_with_that_of_the_task_before_it():
    model = Model(CONFIG, SCHEMA, seed=0).eval()
    own_BT = own_logits(model).sigmoid()
    torch.testing.assert_close(model(BATCH).sigmoid(), own_BT.cumprod(1))
    torch.testing.assert_close(predict_rows(model, BATCH, [1])[:, 0], own_BT.prod(1).detach().numpy())


def test_three_tasks_are_a_chain_in_any_order_and_alone():
    three = schema_of(*(Task(name=name, kind="binary") for name in ("click", "cart", "buy")))
    model = Model(CONFIG, three, seed=0).eval()
    expected_BT = own_logits(model).sigmoid().cumprod(1)
    for tasks in ([0], [1], [2], [2, 0], [1, 2], [2, 1, 0]):
        torch.testing.assert_close(model(BATCH, tasks).sigmoid(), expected_BT[:, tasks])


def test_it_is_two_single_models_whose_probabilities_are_multiplied():
    model = Model(CONFIG, SCHEMA, seed=0).eval()
    singles = [
        Model(SharedBottomConfig(bottom=CONFIG.tower, tower=()), schema_of(task), seed=5).eval()
        for task in SCHEMA.tasks
    ]
    with torch.no_grad():
        for task, single in enumerate(singles):
            single.encoder.load_state_dict(model.encoder.state_dict())
            single.heads.head[0].load_state_dict(model.heads.head[task].state_dict())
            first, second = (layer for layer in single.sharing.bottom if isinstance(layer, torch.nn.Linear))
            towers = model.sharing.of_domain[0]
            first.weight.copy_(towers.first.weight.chunk(2)[task])
            first.bias.copy_(towers.first.bias.chunk(2)[task])
            second.weight.copy_(towers.later[0].weight[task].T)
            second.bias.copy_(towers.later[0].bias[task, 0])
    click_B, bought_B = (single(BATCH)[:, 0].sigmoid() for single in singles)
    torch.testing.assert_close(model(BATCH).sigmoid(), torch.stack([click_B, click_B * bought_B], dim=1))


def test_the_losses_are_those_of_the_paper_over_all_rows():
    model = Model(CONFIG, SCHEMA, seed=0).eval()
    click_B, bought_B = own_logits(model).sigmoid().T
    entropy = torch.nn.functional.binary_cross_entropy
    clicks_B, buys_B = BATCH.labels_BT.T
    expected = torch.stack([entropy(click_B, clicks_B), entropy(click_B * bought_B, buys_B)])
    losses_T = Objective({}, SCHEMA, [0, 1])(model(BATCH), BATCH)
    torch.testing.assert_close(losses_T, expected)
    wanted, found = (
        gradients(model, expected.sum()),
        gradients(model, Objective({}, SCHEMA, [0, 1])(model(BATCH), BATCH).sum()),
    )
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name].to_dense(), gradient.to_dense(), rtol=1e-4, atol=1e-6)


def test_the_click_alone_never_reaches_the_conversions_network():
    model = Model(CONFIG, SCHEMA, seed=0)
    found = gradients(model, model(BATCH)[:, 0].sum())
    assert not found["sharing.of_domain.0.first.weight"][CONFIG.tower[0] :].any()
    assert not found["sharing.of_domain.0.later.0.weight"][1].any()
    assert found["sharing.of_domain.0.first.weight"][: CONFIG.tower[0]].any()


def test_the_conversion_reaches_both_networks():
    model = Model(CONFIG, SCHEMA, seed=0)
    found = gradients(model, model(BATCH, [1]).sum())
    assert all(half.any() for half in found["sharing.of_domain.0.first.weight"].chunk(2))
    assert found["heads.head.0.weight"].any() and found["heads.head.1.weight"].any()


def test_a_conversion_is_never_more_probable_than_its_click():
    model = Model(CONFIG, SCHEMA, seed=0).eval()
    with torch.no_grad():
        for head in model.heads.head:
            head.bias.fill_(60.0)
    click_B, bought_B = model(BATCH).T
    assert (bought_B < click_B).all()


def test_masks_leave_the_product_what_it_is():
    model = Model(CONFIG, SCHEMA, seed=0).eval()
    expected_BT = model(BATCH)
    model.masks = Masks({1: {}})
    for tasks in ([0, 1], [1, 0], [1]):
        torch.testing.assert_close(model(BATCH, tasks), expected_BT[:, tasks])


def test_products_in_bfloat16_leave_the_probabilities_single():
    model = Model(CONFIG, SCHEMA, seed=0).eval()
    single_BT = model(BATCH)
    model.precision = "bf16"
    found_BT = model(BATCH)
    assert found_BT.dtype == torch.float32 and not torch.equal(found_BT, single_BT)
    torch.testing.assert_close(found_BT, single_BT, rtol=0.02, atol=0.02)


def test_it_learns_the_conversion_rate_of_rows_without_a_click():
    """The own network of the conversion ranks all rows as the truth does, though no row tells it of itself alone."""
    rows, valid, held_out = (planted(count, seed, True) for count, seed in ((8000, 10), (2000, 11), (4000, 12)))
    model = Model(ESMMConfig(tower=(32, 16)), SCHEMA, seed=0)
    train(model, rows.rows, valid.rows, TrainConfig(epochs=6, batch_size=128), [0, 1], SILENT)
    rate_B = held_out.probability_BT[:, 1] / held_out.probability_BT[:, 0]
    likely_B = rate_B > rate_B.median()
    own_BT = own_logits(model.eval(), held_out.rows.batch).detach()
    of_click, of_conversion = (auc(likely_B.numpy(), own_BT[:, task].numpy()) for task in (0, 1))
    assert of_conversion > 0.93 > of_click


class TestRowsWithoutALabel:
    @pytest.fixture
    def trained(self):
        """A function from where the label of `buy` is missing to a short training."""

        def train_without(missing_B):
            observed_BT = BATCH.observed_BT.clone()
            observed_BT[missing_B, 1] = False
            rows = replace(DATA.rows, batch=replace(BATCH, observed_BT=observed_BT))
            return train(Model(CONFIG, SCHEMA, seed=0), rows, DATA.rows, TrainConfig(epochs=1), [0, 1], SILENT)

        return train_without

    def test_where_there_was_no_click_they_are_refused(self, trained):
        one_B = torch.arange(len(BATCH)) == (BATCH.labels_BT[:, 0] == 0).nonzero()[3]
        with pytest.raises(ConfigError, match="the task 'buy' has no label in a row where 'click' is 0") as caught:
            trained(one_B)
        assert "Give it the label 0 there" in str(caught.value)

    def test_where_there_was_one_they_count_for_nothing_in_that_task(self, trained):
        assert trained(BATCH.labels_BT[:, 0] == 1).epoch == 1


class TestTasksThatAreNoChainOverAllRows:
    def test_one_that_is_observed_only_somewhere_is_refused(self):
        with pytest.raises(ConfigError) as caught:
            Model(CONFIG, planted_schema(), seed=0)
        assert "the task 'buy' is observed only where click = 1" in str(caught.value)
        assert "a label of it that is 0 in all other rows" in str(caught.value)

    def test_a_regression_is_refused(self):
        schema = schema_of(SCHEMA.tasks[0], Task(name="watched", kind="regression"))
        with pytest.raises(
            ConfigError, match="'esmm' multiplies probabilities, and the task 'watched' is a regression"
        ):
            Model(CONFIG, schema, seed=0)

    @pytest.mark.parametrize("spaces", [("a = 1", "a = 1"), ("a = 1", None), (None, None)])
    def test_all_in_one_part_of_the_rows_are_none_the_worse(self, spaces):
        CONFIG.check(schema_of(*(Task(name=f"t{i}", kind="binary", observed_if=s) for i, s in enumerate(spaces))))

    @pytest.mark.parametrize("spaces", [(None, "a = 1"), ("a = 1", "b = 1"), ("a = 1", None, "a = 1")])
    def test_each_must_be_observed_wherever_the_one_before_it_is(self, spaces):
        with pytest.raises(ConfigError, match=f"the task 't{len(spaces) - 1}' is observed only where"):
            CONFIG.check(schema_of(*(Task(name=f"t{i}", kind="binary", observed_if=s) for i, s in enumerate(spaces))))
