from dataclasses import replace

import pytest
import torch
from conflicting import SCHEMA, drawn, opposite_domains, reached
from pydantic import ValidationError

from recmtl.batch import Ragged
from recmtl.models.encoder import EncoderConfig
from recmtl.models.m2m import M2MConfig
from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(40, seed=0).rows.batch
NARROW = EncoderConfig(embedding_dim=4)


def made(schema=None, **changes):
    config = {"encoder": NARROW, "num_experts": 3, "expert": (7, 5), "domain_view": 6, "transformer_hidden": 6}
    model = Model(M2MConfig(**{**config, **changes}), schema or planted_schema(), seed=0).eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for value in model.sharing.parameters():
            value.add_(0.2 * torch.randn(value.shape, generator=generator))
    return model


def meta(layer, h, view):
    width = len(h)
    weight = (layer.weights.weight @ view + layer.weights.bias).reshape(width, width)
    return h @ weight + layer.biases.weight @ view + layer.biases.bias


def leaky(h):
    return torch.where(h > 0, h, 0.1 * h)


def by_the_paper(model, batch, row, task):
    """A row, and an expert at a time."""
    sharing, encoded = model.sharing, model.encoder(batch)
    x = model.interaction(encoded).x_BI[row]
    domain = sharing.vectors.of_domain[int(batch.domain_B[row])].vector
    layer = sharing.domain_view[0]
    view = (layer.weight @ torch.cat([domain, x]) + layer.bias).clamp(min=0)
    read = [x]
    for history, part in zip(sharing.histories, encoded.sequences, strict=True):
        length = int(part.known_BL[row].sum())
        vectors = history(part).vectors_BLD[row, :length]
        read.append(vectors.mean(0) if length else torch.zeros(4))
    experts = sharing.experts(torch.cat(read).unsqueeze(0))[0]
    scores = []
    for expert in experts:
        pair = torch.cat([expert, sharing.task_views[task].vector])
        for layer in sharing.attention:
            pair = leaky(meta(layer, pair, view))
        scores.append((sharing.score.weight @ pair)[0])
    share = torch.stack(scores).exp()
    h = sum(weight * expert for weight, expert in zip(share / share.sum(), experts, strict=True))
    for layer in sharing.tower:
        h = leaky(meta(layer, h, view) + h)
    return float(model.heads.head[task](h)[0].detach())


@pytest.mark.parametrize("changes", [{}, {"attention_layers": 2, "tower_layers": 1, "transformer_layers": 0}])
def test_it_computes_the_papers_equations(changes):
    model = made(**changes)
    expected = [[by_the_paper(model, BATCH, row, task) for task in (0, 1)] for row in range(len(BATCH))]
    torch.testing.assert_close(model(BATCH), torch.tensor(expected))


def test_data_without_sequences_has_no_transformer():
    model = made(SCHEMA)
    batch = drawn(opposite_domains(), 20, seed=0).batch
    assert not any("histories" in name for name, _ in model.named_parameters())
    expected = [[by_the_paper(model, batch, row, task) for task in (0, 1)] for row in range(len(batch))]
    torch.testing.assert_close(model(batch), torch.tensor(expected))


def test_the_shares_of_experts_sum_to_one():
    """A popular port leaves the softmax out."""
    model, expert_BEH = made(), torch.randn(9, 3, 5)
    share_BRE = model.sharing._shares(expert_BEH, torch.randn(9, 6), [0, 1])
    torch.testing.assert_close(share_BRE.sum(-1), torch.ones(9, 2))
    assert bool((share_BRE > 0).all())
    assert not torch.allclose(share_BRE[:, 0], share_BRE[:, 1])


def test_an_empty_history_is_as_good_as_any():
    nothing = Ragged(torch.empty(0, dtype=torch.int32), torch.zeros(len(BATCH) + 1, dtype=torch.int64))
    model, batch = made(), replace(BATCH, sequences=(nothing, nothing))
    logits_BT = model(batch)
    assert float(logits_BT[0, 0].detach()) == pytest.approx(by_the_paper(model, batch, 0, 0), rel=1e-4)
    logits_BT.sum().backward()
    assert all(value.grad is None or value.grad.isfinite().all() for value in model.sharing.parameters())


def test_heads_that_do_not_divide_the_vectors_are_refused():
    with pytest.raises(ValidationError, match=r"do not divide the 'encoder\.embedding_dim' 5"):
        M2MConfig(encoder=EncoderConfig(embedding_dim=5))
    M2MConfig(encoder=EncoderConfig(embedding_dim=5), transformer_heads=5)
    M2MConfig(encoder=EncoderConfig(embedding_dim=5), transformer_layers=0)


def test_where_domains_disagree_it_ranks_better_than_a_shared_bottom():
    shared = SharedBottomConfig(encoder=NARROW, bottom=(32,), tower=(16,))
    own = M2MConfig(encoder=NARROW, expert=(32, 16))
    short = {"rows": 2000, "epochs": 6}
    assert reached(own, opposite_domains(), **short) > reached(shared, opposite_domains(), **short) + 0.05
