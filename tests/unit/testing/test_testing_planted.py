import numpy as np
import pytest
import torch

from recmtl.metrics.auc import auc
from recmtl.schema import FIRST_ID, MISSING, UNSEEN
from recmtl.testing.planted import GROUP_ROWS, planted, planted_schema

PLANTED = planted(6000, seed=3)
BATCH, SCHEMA = PLANTED.rows.batch, planted_schema()


def test_rows_are_a_function_of_the_seed():
    again, other = planted(6000, seed=3), planted(6000, seed=4)
    assert torch.equal(again.rows.batch.ids_BF, BATCH.ids_BF)
    assert torch.equal(again.rows.batch.labels_BT, BATCH.labels_BT)
    assert not torch.equal(other.rows.batch.ids_BF, BATCH.ids_BF)


def test_ids_lie_within_their_tables():
    for place, feature in enumerate(SCHEMA.singles):
        ids = BATCH.ids_BF[:, place]
        assert ids.min() >= MISSING and ids.max() < SCHEMA.tables[feature.table]
    for column, feature in zip(BATCH.sequences, SCHEMA.sequences, strict=True):
        assert column.values_L.min() >= FIRST_ID and column.values_L.max() < SCHEMA.tables[feature.table]
        assert (column.offsets.diff() == 0).any() and len(column.offsets) == 6001
    missing = BATCH.numbers_BN[:, 0].isnan()
    assert missing.float().mean().item() == pytest.approx(0.1, abs=0.02)
    assert (BATCH.ids_BF[missing, 2] == MISSING).all() and (BATCH.ids_BF[~missing, 2] == UNSEEN).all()


def test_types_and_shapes_are_those_of_a_loaded_part():
    assert (BATCH.ids_BF.dtype, BATCH.numbers_BN.dtype, BATCH.labels_BT.dtype) == (torch.int32,) + (torch.float32,) * 2
    assert (BATCH.observed_BT.dtype, BATCH.domain_B.dtype) == (torch.bool, torch.int64)
    assert (
        BATCH.ids_BF.shape == (6000, 4) and BATCH.numbers_BN.shape == (6000, 2) and BATCH.labels_BT.shape == (6000, 2)
    )


def test_rows_lie_domain_after_domain_in_groups_of_one_domain():
    assert sum(PLANTED.rows.group_sizes) == 6000 and max(PLANTED.rows.group_sizes) == GROUP_ROWS
    assert BATCH.domain_B.unique().tolist() == [0, 1, 2] and (BATCH.domain_B.diff() >= 0).all()
    start = 0
    for size in PLANTED.rows.group_sizes:
        assert len(BATCH.domain_B[start : start + size].unique()) == 1
        start += size


def test_buying_is_observed_where_there_was_a_click():
    assert torch.equal(BATCH.observed_BT[:, 1], BATCH.labels_BT[:, 0] == 1) and BATCH.observed_BT[:, 0].all()
    assert not BATCH.labels_BT[~BATCH.observed_BT].any()


def test_labels_come_as_often_as_their_probabilities_say():
    for task in (0, 1):
        observed = BATCH.observed_BT[:, task]
        label, chance = BATCH.labels_BT[observed, task].numpy(), PLANTED.probability_BT[observed, task].numpy()
        for low in np.arange(0, 1, 0.2):
            inside = (chance >= low) & (chance < low + 0.2)
            assert label[inside].mean() == pytest.approx(chance[inside].mean(), abs=0.05)


def test_tasks_are_correlated_and_domains_differ():
    logit_BT = PLANTED.probability_BT.logit()
    assert torch.corrcoef(logit_BT.T)[0, 1] > 0.4
    rates = [BATCH.labels_BT[BATCH.domain_B == domain, 0].mean().item() for domain in range(3)]
    assert max(rates) - min(rates) > 0.15


@pytest.mark.parametrize("task", [0, 1])
def test_the_best_skill_is_that_of_the_truth(task):
    observed = BATCH.observed_BT[:, task]
    label, chance = BATCH.labels_BT[observed, task].numpy(), PLANTED.probability_BT[observed, task]
    noisy = chance.logit() + torch.randn(len(chance), generator=torch.Generator().manual_seed(0))
    assert auc(label, noisy.numpy()) < PLANTED.best_skill(task) - 0.01
    assert 0.7 < PLANTED.best_skill(task) < 0.95


@pytest.mark.parametrize("rows", [0, 1, 2, 51])
def test_few_rows(rows):
    found = planted(rows, seed=0)
    assert len(found.rows) == sum(found.rows.group_sizes) == len(found.probability_BT) == rows
