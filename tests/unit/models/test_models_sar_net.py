from dataclasses import replace

import pytest
import torch
from conflicting import SCHEMA, drawn, opposite_domains, reached

from recmtl.batch import Ragged
from recmtl.models.encoder import EncoderConfig
from recmtl.models.model import Model
from recmtl.models.sar_net import SARNetConfig
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(60, seed=0).rows.batch
NARROW = EncoderConfig(embedding_dim=4)


def made(schema=None, **changes):
    config = {"encoder": NARROW, "attention": (6, 5), "num_shared_experts": 3, "expert": 6, "tower": (5,)}
    return Model(SARNetConfig(**{**config, **changes}), schema or planted_schema(), seed=0).eval()


def stirred(model):
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for value in [*model.sharing.parameters(), model.sharing.norm.mean]:
            value.add_(0.3 * torch.randn(value.shape, generator=generator))
        model.sharing.norm.variance.uniform_(0.5, 2, generator=generator)
    return model


def attended(history, part, row, fields_FD, context_D):
    """An event at a time."""
    total = torch.zeros(len(context_D))
    for vector_D, known in zip(part.vectors_BLD[row], part.known_BL[row], strict=True):
        if known:
            weight = history.of_domain_context(vector_D.view(1, 1, -1), context_D.view(1, -1))[0, 0]
            if history.target is not None:
                weight = (
                    weight * history.of_target(vector_D.view(1, 1, -1), fields_FD[history.target].view(1, -1))[0, 0]
                )
            total = total + weight * vector_D
    return total


def by_the_paper(model, batch, row):
    """A row, and an expert at a time."""
    sharing, encoded = model.sharing, model.encoder(batch)
    own = sharing.of_domain[int(batch.domain_B[row])]
    parts = [model.interaction(encoded).x_BI[row]]
    for history, part in zip(sharing.histories, encoded.sequences, strict=True):
        parts.append(attended(history, part, row, encoded.fields_BFD[row], own.context.vector))
    z = torch.cat(parts) * own.scale + own.shift
    read = (z - sharing.norm.mean) / (sharing.norm.variance + 1e-5).sqrt() * sharing.scale
    experts = [*(own.experts.weight @ read + own.experts.bias).split(6)]
    experts += [*(sharing.shared_experts.weight @ read + sharing.shared_experts.bias).split(6)]
    logits = []
    for task in (0, 1):
        score = (sharing.gates.weight @ z + sharing.gates.bias)[5 * task : 5 * task + 5].exp()
        mixed = sum(share * expert for share, expert in zip(score / score.sum(), experts, strict=True))
        logits.append(model.heads.head[task](sharing.towers.tower[task](mixed.unsqueeze(0)))[0, 0])
    return torch.stack(logits)


def test_it_computes_the_papers_equations():
    model = stirred(made())
    assert [history.target for history in model.sharing.histories] == [0, None]
    expected = torch.stack([by_the_paper(model, BATCH, row) for row in range(len(BATCH))])
    torch.testing.assert_close(model(BATCH), expected)


def test_data_without_sequences_has_no_attention():
    model = stirred(made(SCHEMA))
    batch = drawn(opposite_domains(), 30, seed=0).batch
    assert not any("histories" in name or "context" in name for name, _ in model.named_parameters())
    expected = torch.stack([by_the_paper(model, batch, row) for row in range(len(batch))])
    torch.testing.assert_close(model(batch), expected)


def test_domains_transform_starts_as_none():
    """Scenario-Wise-Rec draws both at random."""
    for part in made().sharing.of_domain:
        assert bool((part.scale == 1).all()) and not part.shift.any()


def test_an_empty_history_adds_nothing():
    model = stirred(made())
    nothing = Ragged(torch.empty(0, dtype=torch.int32), torch.zeros(len(BATCH) + 1, dtype=torch.int64))
    batch = replace(BATCH, sequences=(nothing, nothing))
    encoded = model.encoder(batch)
    read_BI = model.sharing._with_histories(model.interaction(encoded).x_BI, encoded)
    assert not read_BI[:, -8:].any()
    assert model(batch).isfinite().all()


def test_the_statistics_are_those_of_all_domains_rows_and_stay_in_evaluation():
    model = made()
    model.train()
    model(BATCH)
    after = model.sharing.norm.mean.clone()
    encoded = model.eval().encoder(BATCH)
    z_BI = model.sharing._transformed(
        model.sharing._with_histories(model.interaction(encoded).x_BI, encoded), encoded.domain_B
    )
    dense = slice(encoded.fields_BFD.flatten(1).shape[1], -8)  # numbers, in which training changes nothing
    torch.testing.assert_close(after[dense], 0.1 * z_BI.mean(0)[dense])
    model(BATCH)
    assert torch.equal(model.sharing.norm.mean, after)


@pytest.mark.parametrize("rows", [1, 2])
def test_it_can_train_on_a_batch_of_a_row_or_two(rows):
    model = made().train()
    model(BATCH.take(torch.arange(rows))).sum().backward()
    assert all(value.grad is None or value.grad.isfinite().all() for value in model.sharing.parameters())


def test_where_domains_disagree_it_ranks_better_than_a_shared_bottom():
    shared = SharedBottomConfig(encoder=NARROW, bottom=(32,), tower=(16,))
    own = SARNetConfig(encoder=NARROW, expert=16, tower=(16,))
    short = {"rows": 2000, "epochs": 6}
    assert reached(own, opposite_domains(), **short) > reached(shared, opposite_domains(), **short) + 0.05
