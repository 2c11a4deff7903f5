import dataclasses
import warnings
from itertools import chain

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from recmtl.adapters.mask import Masks
from recmtl.batch import Batch
from recmtl.data.rows import RowsInMemory
from recmtl.errors import ConfigError, DataError
from recmtl.metrics.skill import task_skill
from recmtl.models.model import TABLES
from recmtl.pruning.magnitude import prunable
from recmtl.training.config import TrainConfig
from recmtl.training.objective import Objective
from recmtl.training.optimizers import OptimizerConfig, TableOptimizerConfig
from recmtl.training.predict import task_predictions
from recmtl.training.state import weights_of

STILL = {
    "optimizer": {"name": "sgd", "learning_rate": 1e-30},
    "table_optimizer": {"name": "sgd", "learning_rate": 1e-30},
}
"""Rates so small that no weight changes."""


def replaced(rows, **columns):
    return RowsInMemory(dataclasses.replace(rows.batch, **columns), rows.group_sizes)


# what a step sees


def test_every_step_of_every_epoch_is_in_training_mode_though_validation_runs_between(trainer):
    model, seen = trainer.model(), []
    model.encoder.register_forward_hook(
        lambda *_: seen.append((torch.is_grad_enabled(), {part.training for part in model.modules()}))
    )
    trainer(model, epochs=3)
    steps = [modes for with_gradient, modes in seen if with_gradient]
    assert len(steps) == 3 * 5  # 300 rows by 64
    assert all(modes == {True} for modes in steps)
    validation = [modes for with_gradient, modes in seen if not with_gradient]
    assert len(validation) == 3 and all(modes == {False} for modes in validation)


def test_an_epoch_visits_every_row_once_in_an_order_of_its_own(trainer):
    rows = trainer.rows
    numbers_BN = rows.batch.numbers_BN.clone()
    numbers_BN[:, 1] = torch.arange(300)  # a row's name
    model, seen = trainer.model(), []
    model.encoder.register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0].numbers_BN[:, 1].int().tolist()) if module.training else None
    )
    trainer(model, rows=replaced(rows, numbers_BN=numbers_BN), epochs=3, shuffle_window=2)
    assert [len(batch) for batch in seen] == [64, 64, 64, 64, 44] * 3
    epochs = [list(chain.from_iterable(seen[i : i + 5])) for i in (0, 5, 10)]
    assert all(sorted(epoch) == list(range(300)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_dropout_is_drawn_anew_in_every_epoch_and_with_every_seed(trainer):
    seen = []

    def look(module, inputs, output):
        if module.training:
            seen.append((output == 0).flatten().tolist())

    twins = RowsInMemory(
        trainer.rows.batch.take(torch.zeros(300, dtype=torch.int64)), (300,)
    )  # no order tells them apart
    for seed in (0, 1, 0):
        model = trainer.model(dropout=0.5)
        model.sharing.bottom[2].register_forward_hook(look)
        trainer(model, rows=twins, batch_size=300, epochs=2, seed=seed, **STILL)
    assert seen[:2] == seen[4:]
    assert len({tuple(zeros) for zeros in seen}) == 4


def test_a_single_row_more_than_a_batch_is_no_trouble(trainer):
    state = trainer(trainer.model(), batch_size=299, epochs=1)
    assert np.isfinite(list(state.history[0]["loss"].values())).all()


@pytest.mark.parametrize(
    "schedule",
    [
        {"name": "constant", "warmup_steps": 3},
        {"name": "cosine", "floor": 0.1},
        {"name": "exponential", "warmup_steps": 7},
    ],
    ids=lambda schedule: schedule["name"],
)
def test_both_optimizers_rates_follow_the_schedule_step_by_step(trainer, schedule):
    seen = {"dense": [], "tables": []}
    model = trainer.model()

    def look(optimizer, *_):
        (group,) = optimizer.param_groups
        seen["tables" if group["params"][0] is model.tables else "dense"].append(group["lr"])

    hook = register_optimizer_step_pre_hook(look)
    config = {"optimizer": {"name": "sgd", "learning_rate": 0.5}, "table_optimizer": {"name": "adagrad"}}
    trainer(model, epochs=3, learning_rate_schedule=schedule, **config)
    hook.remove()
    curve = TrainConfig(learning_rate_schedule=schedule).learning_rate_schedule
    factors = [curve.factor(step, 15) for step in range(15)]
    assert seen["dense"] == pytest.approx([0.5 * factor for factor in factors])
    assert seen["tables"] == pytest.approx([0.01 * factor for factor in factors])


# what a step changes


def one_step(trainer, model, **config):
    """The change of every weight by one step over all rows."""
    before = weights_of(model)
    sgd = {"name": "sgd", "learning_rate": 1.0}
    trainer(model, **{"epochs": 1, "batch_size": 300, "optimizer": sgd, "table_optimizer": sgd, **config})
    return {name: weight - before[name] for name, weight in weights_of(model).items()}


def gradients(trainer, model, tasks=(0, 1)):
    """Of the sum of the tasks' losses over all rows."""
    batch = trainer.rows.batch
    Objective({}, model.schema, tasks)(model(batch, tasks), batch).sum().backward()
    return {
        name: weight.grad.to_dense().clone() for name, weight in model.named_parameters() if weight.grad is not None
    }


def test_a_step_goes_down_the_gradient_of_the_tasks_losses(trainer):
    expected = gradients(trainer, trainer.still())
    changes = one_step(trainer, trainer.still())
    assert changes.keys() == expected.keys()
    for name, change in changes.items():
        torch.testing.assert_close(change, -expected[name], rtol=1e-4, atol=1e-6)


def test_a_balances_weight_multiplies_a_tasks_gradient(trainer):
    click, buy = (gradients(trainer, trainer.still(), (task,)) for task in (0, 1))
    changes = one_step(trainer, trainer.still(), balance={"name": "fixed", "weights": {"buy": 1.5}})
    name = "sharing.bottom.0.weight"
    torch.testing.assert_close(changes[name], -(click[name] + 1.5 * buy[name]), rtol=1e-4, atol=1e-6)


def test_training_one_task_leaves_the_others_tower_and_head_alone(trainer):
    changes = one_step(trainer, trainer.still(), tasks=(1,))
    moved = {name for name, change in changes.items() if change.any()}
    assert {"sharing.towers.tower.1.0.weight", "heads.head.1.weight", "sharing.bottom.0.weight", TABLES} <= moved
    assert not {name for name in moved if name.startswith(("sharing.towers.tower.0", "heads.head.0"))}


@pytest.mark.parametrize("bound", [1e-3, 1e6])
def test_clipping_bounds_the_norm_of_all_dense_gradients_together(trainer, bound):
    expected = {name: gradient for name, gradient in gradients(trainer, trainer.still()).items() if name != TABLES}
    norm = torch.stack([gradient.norm() for gradient in expected.values()]).norm()
    changes = one_step(trainer, trainer.still(), clip_norm=bound)
    found = torch.stack([change.norm() for name, change in changes.items() if name != TABLES]).norm()
    assert found.item() == pytest.approx(min(bound, norm.item()), rel=1e-3)
    for name, gradient in expected.items():  # the direction stays
        torch.testing.assert_close(changes[name], -gradient * min(1, bound / norm), rtol=1e-3, atol=1e-6)


def test_l2_on_tables_pulls_the_rows_of_the_batch_alone(trainer):
    rows = trainer.rows
    few = rows.batch.take(torch.arange(5))
    ids_BF = few.ids_BF.clone()
    ids_BF[:, 0] = ids_BF[0, 0]  # one item in all rows: counted once
    few = RowsInMemory(dataclasses.replace(few, ids_BF=ids_BF), (5,))
    plain = one_step(trainer, trainer.still(), rows=few)[TABLES]
    pulled = one_step(
        trainer, trainer.still(), rows=few, table_optimizer={"name": "sgd", "learning_rate": 1.0, "l2": 0.3}
    )
    model = trainer.still()
    read = torch.zeros(len(model.tables), dtype=torch.bool)
    read[(ids_BF + model.encoder.embeddings.first_F).flatten()] = True
    for column, table in zip(few.batch.sequences, model.encoder.sequence_tables, strict=True):
        read[column.values_L + model.encoder.embeddings.first[table]] = True
    expected = torch.where(read.unsqueeze(1), -0.3 * model.tables.detach(), 0.0)
    torch.testing.assert_close(pulled[TABLES] - plain, expected, rtol=1e-4, atol=1e-6)
    assert 0 < read.sum() < len(read)


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize(
    "name", sorted({*TableOptimizerConfig.kinds} - {"adam"})
)  # which moves all rows of small tables
def test_rows_that_never_come_keep_their_vectors(trainer, name, l2):
    rows = RowsInMemory(trainer.rows.batch.take(torch.arange(40)), (40,))
    model = trainer.still()
    start = model.tables.detach().clone()
    trainer(model, rows=rows, batch_size=8, table_optimizer={"name": name, "l2": l2})
    came = torch.zeros(len(start), dtype=torch.bool)
    came[(rows.batch.ids_BF + model.encoder.embeddings.first_F).flatten()] = True
    for column, table in zip(rows.batch.sequences, model.encoder.sequence_tables, strict=True):
        came[column.values_L + model.encoder.embeddings.first[table]] = True
    moved = (model.tables.detach() != start).any(1)
    assert not moved[~came].any() and (~came).any()
    assert moved[came].float().mean() > 0.9


@pytest.mark.parametrize("table_optimizer", sorted(TableOptimizerConfig.kinds))
@pytest.mark.parametrize("optimizer", sorted(OptimizerConfig.kinds))
def test_every_pair_of_optimizers_learns_without_a_warning(trainer, optimizer, table_optimizer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = {"optimizer": {"name": optimizer}, "table_optimizer": {"name": table_optimizer, "l2": 1e-4}}
        state = trainer(trainer.still(), epochs=6, batch_size=16, clip_norm=5.0, **config)
    first, last = state.history[0]["loss"], state.history[-1]["loss"]
    assert last["click"] < first["click"]


@pytest.mark.parametrize("optimizer", sorted(OptimizerConfig.kinds))
def test_weights_outside_every_mask_keep_their_bits(trainer, optimizer):
    model = trainer.model()
    chance = torch.Generator().manual_seed(0)
    masks = {
        task: {
            name: torch.rand(weight.shape, generator=chance) < 0.4 for name, weight in prunable(model.sharing).items()
        }
        for task in (0, 1)
    }
    model.masks = Masks(masks)
    before = weights_of(model)
    decay = {"weight_decay": 0.0} if optimizer == "adamw" else {}
    trainer(model, optimizer={"name": optimizer, **decay})
    for name in masks[0]:
        used = masks[0][name] | masks[1][name]
        moved = weights_of(model)[f"sharing.{name}"] != before[f"sharing.{name}"]
        assert not moved[~used].any() and moved[used].any()


def test_a_task_that_no_row_observed_has_loss_zero_and_spoils_nothing(trainer):
    observed_BT = trainer.rows.batch.observed_BT.clone()
    observed_BT[:, 1] = False
    rows = replaced(trainer.rows, observed_BT=observed_BT)
    model, alone = trainer.still(), trainer.still()
    state = trainer(model, rows=rows)
    trainer(alone, rows=rows, tasks=(0,))
    assert all(record["loss"]["buy"] == 0 for record in state.history)
    for name, weight in weights_of(model).items():
        torch.testing.assert_close(weight, weights_of(alone)[name])


# what an epoch says


def test_the_reported_loss_is_the_mean_over_the_rows_that_were_observed(trainer):
    model = trainer.still()
    batch = trainer.rows.batch
    expected = Objective({}, model.schema, (0, 1))(model(batch), batch).tolist()
    for batch_size in (7, 300):  # in batches of 7 some have no observed row of `buy`
        found = trainer(trainer.still(), batch_size=batch_size, epochs=1, **STILL).history[0]["loss"]
        assert list(found.values()) == pytest.approx(expected, rel=1e-3)
        assert list(found) == ["click", "buy"]


def test_the_score_is_the_mean_of_the_tasks_validation_skills(trainer):
    model = trainer.model()
    (record,) = trainer(model, epochs=1).history
    skills = [task_skill(prediction) for prediction in task_predictions(model, trainer.valid, (0, 1))]
    assert list(record["validation"].values()) == skills
    assert record["score"] == pytest.approx(sum(skills) / 2) and record["epoch"] == 0


def test_a_task_whose_validation_is_undefined_does_not_count(trainer):
    labels_BT = trainer.valid.batch.labels_BT.clone()
    labels_BT[:, 1] = 0
    (record,) = trainer(trainer.model(), valid=replaced(trainer.valid, labels_BT=labels_BT), epochs=1).history
    assert record["validation"]["buy"] is None
    assert record["score"] == record["validation"]["click"]


def test_when_no_validation_is_defined_the_data_is_refused_with_every_reason(trainer):
    valid = replaced(trainer.valid, labels_BT=torch.zeros(300, 2))
    with pytest.raises(DataError, match=r"no task has a validation score: click: only one class.*buy: only one class"):
        trainer(trainer.model(), valid=valid)


@pytest.mark.parametrize(
    ("part", "rate"),
    [("optimizer", 1e38), ("table_optimizer", 1e20)],  # losses that are no numbers, and losses that are only absurd
)
def test_divergence_is_an_error_of_the_config_that_says_what_to_lower(trainer, part, rate):
    with pytest.raises(ConfigError, match=r"training diverged in epoch \d: the losses are .*\(click\)") as raised:
        trainer(trainer.model(), **{part: {"name": "sgd", "learning_rate": rate}})
    assert "train.optimizer" in raised.value.hint and "clip_norm" in raised.value.hint


def test_progress_is_told_every_epoch_and_every_row(trainer):
    class Told:
        def __init__(self):
            self.begun, self.rows, self.lines = [], 0, []

        def begin(self, what, rows):
            self.begun.append((what, rows))

        def advance(self, rows):
            self.rows += rows

        def say(self, text):
            self.lines.append(text)

    told = Told()
    state = trainer(trainer.model(), epochs=2, progress=told)
    passes = [("epoch 1", 300), ("validation", 300), ("epoch 2", 300), ("validation", 300)]
    assert told.begun == passes and told.rows == 1200
    assert f"score {state.history[1]['score']:.4f}" in told.lines[1] and len(told.lines) == 2


# which epoch is taken, and when training ends


def worsening(trainer, **config):
    """Weights after every epoch, and the state, of a training that overfits."""
    seen = []
    optimizers = {
        "optimizer": {"name": "adam", "learning_rate": 0.1},
        "table_optimizer": {"name": "lazy_adam", "learning_rate": 0.1},
    }
    state = trainer(
        trainer.still(),
        after=lambda state, predictions: seen.append(weights_of(state.model)),
        **{"epochs": 20, **optimizers, **config},
    )
    return state, seen


def test_the_best_weights_are_those_of_the_best_epoch(trainer, same_bits):
    state, seen = worsening(trainer)
    scores = [record["score"] for record in state.history]
    assert 0 < state.best_epoch == int(np.argmax(scores)) < 19, "the problem is made so that the best is not an end"
    same_bits(state.best_weights, seen[state.best_epoch])
    assert not torch.equal(state.best_weights[TABLES], seen[-1][TABLES])
    model = trainer.still()
    model.load_state_dict(state.best_weights)
    skills = [task_skill(prediction) for prediction in task_predictions(model, trainer.valid, (0, 1))]
    assert sum(skills) / 2 == pytest.approx(max(scores)) == state.best_score


def test_the_model_is_left_with_the_last_epochs_weights(trainer, same_bits):
    state, seen = worsening(trainer)
    same_bits(weights_of(state.model), seen[-1])


@pytest.mark.parametrize("patience", [1, 2, 3, 5])
def test_training_ends_after_so_many_epochs_without_a_better_one(trainer, patience):
    long, _ = worsening(trainer)
    scores = [record["score"] for record in long.history]
    best, expected = 0, len(scores)
    for epoch, score in enumerate(scores):
        if score > scores[best]:
            best = epoch
        if epoch - best == patience:
            expected = epoch + 1
            break
    state, _ = worsening(trainer, patience=patience)
    assert state.epoch == len(state.history) == expected < 20
    assert state.best_epoch == best and state.history == long.history[:expected]


def test_an_epoch_that_is_only_as_good_is_not_better(trainer):
    state = trainer(trainer.still(), epochs=9, patience=3, **STILL)
    assert state.best_epoch == 0 and state.epoch == 4


# nothing but the seed decides


def test_the_same_seed_gives_the_same_bits_whatever_else_drew_random_numbers(trainer, same_bits):
    results = []
    for other in (1, 2):
        torch.manual_seed(other)
        np.random.seed(other)
        model = trainer.model()
        results.append((trainer(model, seed=5), weights_of(model)))
    same_bits(results[0][1], results[1][1])
    assert results[0][0].history == results[1][0].history


@pytest.mark.parametrize("still", [False, True])
def test_another_seed_gives_other_bits(trainer, still):
    one, other = (trainer.still() if still else trainer.model() for _ in range(2))
    trainer(one, seed=5)
    trainer(other, seed=6)
    assert not torch.equal(one.tables, other.tables)


def test_training_moves_no_one_elses_random_numbers(trainer):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    trainer(trainer.model())
    assert torch.equal(before, torch.get_rng_state())


def test_how_the_rows_lie_in_memory_does_not_matter(trainer, same_bits):
    batch = trainer.rows.batch
    order_B = torch.arange(300)
    copy = Batch(
        batch.ids_BF.t().contiguous().t(), batch.numbers_BN.t().contiguous().t(), batch.take(order_B).sequences,
        batch.labels_BT, batch.observed_BT, batch.domain_B, batch.weight_B,
    )  # fmt: skip
    one, other = trainer.model(), trainer.model()
    trainer(one)
    trainer(other, rows=RowsInMemory(copy, trainer.rows.group_sizes))
    same_bits(weights_of(one), weights_of(other))
