import pytest
import torch
from conflicting import SCHEMA, drawn, opposite_domains, reached
from pydantic import ValidationError

from recmtl.artifacts.progress import Silent
from recmtl.models.adasparse import AdaSparseConfig
from recmtl.models.encoder import EncoderConfig
from recmtl.models.model import Model
from recmtl.models.output import Output
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.predict import predict_rows

ROWS = planted(60, seed=0).rows
NARROW = EncoderConfig(embedding_dim=4)


def made(**changes):
    config = {"encoder": NARROW, "network": (9, 7), "tower": (5,), "alpha_steps": 4}
    return Model(AdaSparseConfig(**{**config, **changes}), planted_schema(), seed=0).eval()


def by_the_paper(model, batch):
    sharing, encoded = model.sharing, model.encoder(batch)
    h_BH, zeros = model.interaction(encoded).x_BI, []
    vector_BC = torch.stack([sharing.vectors.of_domain[domain].vector for domain in batch.domain_B.tolist()])
    for layer, pruner in zip(sharing.layers, sharing.pruners, strict=True):
        h_BH = (h_BH @ layer[0].weight.T + layer[0].bias).clamp(min=0)
        v_BH = torch.cat([vector_BC, h_BH], dim=1) @ pruner.linear.weight.T + pruner.linear.bias
        weight_BH = 2 / (1 + torch.exp(-sharing.alpha * v_BH))
        weight_BH = torch.where(weight_BH > sharing.config.epsilon, weight_BH, 0)
        zeros.append((weight_BH == 0).float().mean(1))
        h_BH = h_BH * weight_BH
    logits = [model.heads.head[t](sharing.towers.tower[t](h_BH)) for t in (0, 1)]
    return torch.cat(logits, dim=1), torch.stack(zeros, dim=1)


def test_it_computes_the_papers_equations():
    model = made(epsilon=0.6)
    with torch.no_grad():
        for part in [*model.sharing.vectors.of_domain, *model.sharing.pruners]:
            for value in part.parameters():
                value.normal_()
    model.sharing.steps.fill_(3)
    output = model.output(ROWS.batch)
    logits_BT, zeros_BL = by_the_paper(model, ROWS.batch)
    torch.testing.assert_close(output.logits_BT, logits_BT)
    torch.testing.assert_close(output.auxiliary["zeros"][:, 0], zeros_BL)
    assert 0.05 < zeros_BL.mean() < 0.95


def test_alpha_grows_with_the_steps_of_training_up_to_its_last_value():
    model = made(alpha=(0.1, 4.1))
    found = []
    for steps in (0, 1, 2, 4, 100):
        model.sharing.steps.fill_(steps)
        found.append(float(model.sharing.alpha))
    assert found == pytest.approx([0.1, 1.1, 2.1, 4.1, 4.1])


@pytest.mark.parametrize("per_domain", [False, True])
@pytest.mark.parametrize("pruning", ["fusion", "scaling"])
def test_a_step_counts_once_whatever_it_is_made_of_and_evaluation_counts_nothing(per_domain, pruning):
    """Scenario-Wise-Rec counts every pass, and keeps the count nowhere."""
    model = made(per_domain=per_domain, pruning=pruning)
    state = train(model, ROWS, ROWS, TrainConfig(epochs=3, patience=3, batch_size=20), [0, 1], Silent())
    assert int(model.sharing.steps) == 3 * 3
    predict_rows(model, ROWS.batch, [0, 1])
    assert int(model.sharing.steps) == 3 * 3
    assert int(state.best_weights["sharing.steps"]) == 3 * (state.best_epoch + 1)


def loss(model, shares):
    """The extra loss of two rows with these shares of neurons that are off, [row][layer]."""
    output = Output(torch.zeros(2, 2), {"zeros": torch.tensor(shares).unsqueeze(1)})
    return float(model.sharing.extra_loss(output, ROWS.batch, [0, 1]))


def test_only_shares_outside_of_the_interval_cost():
    model = made(sparsity=(0.1, 0.3), sparsity_weight=0.01, alpha=(0.5, 1.0))
    assert loss(model, [[0.1, 0.2], [0.2, 0.4]]) == 0  # 0.15 and 0.3
    assert loss(model, [[0.0, 0.2], [0.1, 0.2]]) == pytest.approx(0.01 * 0.15 / 2)  # 0.05, and r is 0.2
    assert loss(model, [[0.5, 0.8], [0.5, 1.0]]) == pytest.approx(0.01 * (0.3 + 0.7) / 2)
    model.sharing.steps.fill_(4)
    assert loss(model, [[0.5, 0.8], [0.5, 1.0]]) == pytest.approx(0.02 * (0.3 + 0.7) / 2)


def test_scaling_has_nothing_to_add_to_the_losses():
    model = made(pruning="scaling")
    assert model.sharing.extra_loss(model.output(ROWS.batch), ROWS.batch, [0, 1]) is None


def test_the_bounds_of_the_share_must_be_in_order():
    with pytest.raises(ValidationError, match="do not ascend"):
        AdaSparseConfig(sparsity=(0.3, 0.1))


def test_training_leads_the_share_of_neurons_that_are_off_into_the_interval():
    model = Model(AdaSparseConfig(encoder=NARROW, network=(32,), alpha_steps=50), SCHEMA, seed=0)
    rows = drawn(opposite_domains(), 2000, seed=1)
    train(model, rows, rows, TrainConfig(epochs=8, patience=8, batch_size=128), [0, 1], Silent())
    zeros_BL = model.eval().output(rows.batch).auxiliary["zeros"][:, 0]
    assert 0.1 < zeros_BL.mean() < 0.3


def test_where_domains_disagree_it_ranks_better_than_a_shared_bottom():
    shared = SharedBottomConfig(encoder=NARROW, bottom=(32,), tower=(16,))
    own = AdaSparseConfig(encoder=NARROW, network=(32,), tower=(16,), alpha_steps=50)
    short = {"rows": 2000, "epochs": 6}
    assert reached(own, opposite_domains(), **short) > reached(shared, opposite_domains(), **short) + 0.04
