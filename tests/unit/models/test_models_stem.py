import numpy as np
import pytest
import torch
from conflicting import reached, tastes

from recmtl.models.encoder import EncoderConfig
from recmtl.models.model import TABLES, Model
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.models.stem import STEMConfig
from recmtl.testing.planted import planted, planted_schema

TASKS = ("a", "b", "c")
X_CBI = torch.randn(4, 7, 10, generator=torch.Generator().manual_seed(3))
BATCH = planted(32, seed=0).rows.batch


def stem(**changes):
    torch.manual_seed(0)
    config = {"num_specific_experts": 2, "num_shared_experts": 3, "expert": (8, 6), "gate": (5,), "tower": (5,)}
    return STEMConfig(**{**config, **changes}).build(Plan(10, Routes(TASKS)))


def by_the_paper(model, task):
    """An expert at a time."""
    own = [model.experts[t](X_CBI[t])[:, e] for t in range(len(TASKS)) for e in range(2)]
    experts = [*own, *(model.shared_experts(X_CBI[3])[:, e] for e in range(3))]
    score_BE = model.gates.tower[task](X_CBI[task] + X_CBI[3]) @ model.scores[task].weight.T
    share_BE = score_BE.exp() / score_BE.exp().sum(1, keepdim=True)
    return model.towers.tower[task](sum(share_BE[:, e : e + 1] * expert for e, expert in enumerate(experts)))


@pytest.mark.parametrize("gate", [(5,), ()])
def test_a_task_mixes_all_experts_each_of_which_reads_its_own_tables(gate):
    model = stem(gate=gate)
    expected = torch.stack([by_the_paper(model, task) for task in range(3)], dim=1)
    torch.testing.assert_close(model.deep(X_CBI, None, [0, 1, 2]), expected)
    torch.testing.assert_close(model.deep(X_CBI, None, [2, 0]), expected[:, [2, 0]])


def test_a_task_reads_the_experts_of_another_and_never_trains_them():
    model = stem()
    before = model.deep(X_CBI, None, [1])
    before.sum().backward()
    touched = {name for name, value in model.named_parameters() if value.grad is not None and value.grad.any()}
    assert any(name.startswith("experts.1.") for name in touched)
    assert any(name.startswith("shared_experts.") for name in touched)
    assert not any(name.startswith(("experts.0.", "experts.2.")) for name in touched)
    with torch.no_grad():
        for value in model.experts[0].parameters():
            value.add_(1)
    assert not torch.allclose(model.deep(X_CBI, None, [1]), before)


def test_the_gates_scores_of_other_tasks_experts_are_trained():
    model = stem()
    model.deep(X_CBI, None, [1]).sum().backward()
    assert model.scores[1].weight.grad.any(dim=1).all()


def test_a_task_trains_its_own_tables_and_the_shared_ones_alone():
    model = Model(STEMConfig(encoder=EncoderConfig(embedding_dim=4)), planted_schema(), seed=0).eval()
    assert model.tables.shape[1] == 3 * 4
    for task in (0, 1):
        model.zero_grad()
        model(BATCH, [task]).sum().backward()
        copies = model.get_parameter(TABLES).grad.to_dense().abs().sum(0).reshape(3, 4).sum(1)
        assert [bool(total) for total in copies] == [task == 0, task == 1, True]


def test_in_each_domain_a_task_can_have_tables_of_its_own():
    model = Model(STEMConfig(encoder=EncoderConfig(embedding_dim=4), per_domain=True), planted_schema(), seed=0).eval()
    assert model.tables.shape[1] == (3 * 2 + 1) * 4
    there = BATCH.take((BATCH.domain_B == 1).nonzero()[:, 0])
    model(there, [0]).sum().backward()
    copies = model.get_parameter(TABLES).grad.to_dense().abs().sum(0).reshape(7, 4).sum(1)
    assert [bool(total) for total in copies] == [False, False, True, False, False, False, True]


def test_where_tasks_disagree_about_users_it_ranks_better_than_a_shared_bottom():
    like, share = tastes(1), tastes(2)
    taste_DTUI = np.stack([[like, share]] * 2)
    narrow = EncoderConfig(embedding_dim=2)
    short = {"rows": 4000, "epochs": 5}
    shared = reached(SharedBottomConfig(encoder=narrow, bottom=(32,), tower=(16,)), taste_DTUI, **short)
    own = STEMConfig(encoder=narrow, expert=(32,), gate=(), tower=(16,), num_shared_experts=1)
    assert reached(own, taste_DTUI, **short) > shared + 0.05
