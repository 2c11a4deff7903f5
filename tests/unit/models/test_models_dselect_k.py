import pytest
import torch
from narrow import narrow

from recmtl.artifacts.progress import Silent
from recmtl.config import choose
from recmtl.errors import ConfigError
from recmtl.models.dselect_k import DSelectKConfig
from recmtl.models.gating import GatingConfig
from recmtl.models.mmoe import MMoEConfig
from recmtl.models.model import Model
from recmtl.models.routes import Plan, Routes
from recmtl.models.sharing import SharingConfig
from recmtl.nn.dselect_k import dselect_k, entropy, lost_mass
from recmtl.recipe import Recipe
from recmtl.testing.model_contract import CHECKS
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.optimizers import AdamConfig

ROWS = planted(256, seed=0).rows
BATCH = ROWS.batch
X_BI = torch.randn(7, 10, generator=torch.Generator().manual_seed(3))
CONFIGS = {
    "by_row": MMoEConfig(gating=DSelectKConfig(), gate=(8,), num_experts=3, expert=(32,), tower=(8,)),
    "static": MMoEConfig(gating=DSelectKConfig(static=True), expert=(32,), tower=(8,), per_domain=True),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_mmoe_keeps_the_contract(check, config):
    check(narrow(config))


def sharing_of(**changes):
    torch.manual_seed(0)
    config = MMoEConfig(expert=(8,), tower=(), **changes)
    return config.build(Plan(10, Routes(("a", "b", "c"))))


@pytest.mark.parametrize("gate", [(), (6,)])
@pytest.mark.parametrize("experts", [4, 5])
def test_a_task_reads_the_experts_that_its_gate_chooses_in_a_row(experts, gate):
    sharing = sharing_of(num_experts=experts, gate=gate, gating=DSelectKConfig(k=3))
    for value in sharing.gates.parameters():
        torch.nn.init.normal_(value, std=0.1)
    expert_BEH, score_BGN = sharing.experts(X_BI), sharing.gates(X_BI)
    weight_BGE, _ = dselect_k(score_BGN, experts, k=3, gamma=1.0)
    assert weight_BGE.flatten(0, 1).unique(dim=0).shape[0] == 7 * 3
    expected = torch.einsum("bge,beh->bgh", weight_BGE, expert_BEH)
    torch.testing.assert_close(sharing.deep(X_BI, None, [0, 1, 2]), expected)
    torch.testing.assert_close(sharing.deep(X_BI, None, [2, 0]), expected[:, [2, 0]])


def test_a_static_gate_chooses_alike_in_all_rows():
    sharing = sharing_of(num_experts=4, gating=DSelectKConfig(k=1, static=True))
    with torch.no_grad():  # two bits and a weight of each task: experts 1, 2, 3
        sharing.gates.bias.copy_(torch.tensor([9.0, -9, 0, -9, 9, 0, 9, 9, 0]))
    torch.testing.assert_close(sharing.deep(X_BI, None, [0, 1, 2]), sharing.experts(X_BI)[:, [1, 2, 3]])
    torch.testing.assert_close(sharing.deep(X_BI, None, [2]), sharing.experts(X_BI)[:, [3]])


def test_all_experts_weigh_about_the_same_at_the_start():
    for static in (False, True):
        sharing = sharing_of(num_experts=8, gating=DSelectKConfig(static=static))
        weight_BGE, _ = sharing.gating.weigh(sharing.gates(X_BI), 8)
        torch.testing.assert_close(weight_BGE, torch.full_like(weight_BGE, 1 / 8), rtol=0.4, atol=0)


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("experts", [4, 6])
def test_the_loss_of_its_own_is_a_mean_over_rows_and_a_sum_over_gates(static, experts):
    config = MMoEConfig(gating=DSelectKConfig(entropy=0.3, static=static), num_experts=experts)
    model = Model(config, planted_schema(), seed=0).eval()
    found = model.sharing.extra_loss(model.output(BATCH), BATCH, [0, 1])
    score_BGN = model.sharing.gates(model.interaction(model.encoder(BATCH)).x_BI)
    _, r_BGKE = dselect_k(score_BGN, experts, 2, 1.0)
    expected = 0.3 * entropy(r_BGKE).mean(0).sum() + (lost_mass(r_BGKE).mean(0).sum() if experts == 6 else 0)
    torch.testing.assert_close(found, expected)
    one = model.sharing.extra_loss(model.output(BATCH, [1]), BATCH, [1])
    assert 0 < one < found


def test_each_domain_pays_for_its_own_gates():
    config = MMoEConfig(gating=DSelectKConfig(entropy=1.0, static=True), per_domain=True)
    model = Model(config, planted_schema(), seed=0).eval()
    rows = BATCH.take((BATCH.domain_B == 1).nonzero()[:, 0])
    model.sharing.extra_loss(model.output(rows), rows, [0, 1]).backward()
    assert [bool(part.any()) for part in model.sharing.gates.bias.grad.chunk(3)] == [False, True, False]


@pytest.mark.parametrize("experts", [4, 5])
def test_training_ends_in_a_few_experts_whose_weights_add_up_to_1(experts):
    gating = DSelectKConfig(static=True, entropy=0.1)
    model = Model(MMoEConfig(num_experts=experts, gating=gating, expert=(8,), tower=()), planted_schema(), seed=0)
    config = TrainConfig(epochs=20, patience=20, batch_size=32, optimizer=AdamConfig(learning_rate=3e-2))
    train(model, ROWS, ROWS, config, [0, 1], Silent())
    weight_BGE, _ = gating.weigh(model.sharing.gates(X_BI).detach(), experts)
    assert (weight_BGE > 1e-3).sum(-1).max() <= 2
    torch.testing.assert_close(weight_BGE.sum(-1), torch.ones(1, 2), rtol=0, atol=1e-3)


def test_it_is_chosen_by_its_name():
    assert choose(GatingConfig, "dselect_k") == DSelectKConfig()
    assert MMoEConfig.model_validate({"gating": {"name": "dselect_k", "k": 3}}).gating == DSelectKConfig(k=3)


def test_hidden_layers_of_a_gate_that_reads_nothing_are_refused():
    document = {"model": {"name": "mmoe", "gate": [8], "gating": {"name": "dselect_k", "static": True}}}
    with pytest.raises(ConfigError, match=r"x\.json: model is not valid: its gates read nothing.*leave 'gate' out"):
        Recipe("x.json", "x", document).section("model", SharingConfig)
