"""Layers whose weights are generated from the domain, from features, or from what they read."""

from dataclasses import replace

import pytest
import torch
from conflicting_domains import auc_on_conflicting_domains
from pydantic import ValidationError

from recmtl.errors import ConfigError
from recmtl.models.apg import APGConfig
from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(40, seed=0).rows.batch
SMALL = {"bottom": (9, 6), "tower": (5,), "rank": 3, "inner_rank": 4, "generator": (4,), "domain_dim": 2}


def model(**changes):
    return Model(APGConfig(**{**SMALL, **changes}), planted_schema(), seed=0).eval()


def inputs(made):
    encoded = made.encoder(BATCH)
    return made.interaction(encoded).x_BI, encoded


def expected_logits(made, condition):
    """All tasks', with the condition that `condition(h)` tells for each row of a layer that reads h."""
    x_BI, _ = inputs(made)
    h_BI = x_BI
    for layer in made.sharing.layers:
        z_BZ = condition(h_BI)
        core_BKK = layer.core(layer.generator(z_BZ)).reshape(len(z_BZ), 3, 3)
        narrow_BK = h_BI @ layer.down.weight().T
        narrow_BK = torch.stack([core_KK @ x_K for core_KK, x_K in zip(core_BKK, narrow_BK, strict=True)])
        h_BI = (narrow_BK @ layer.up.weight().T + layer.bias).clamp(min=0)
    logits = [head(tower(h_BI)) for tower, head in zip(made.sharing.towers.tower, made.heads.head, strict=True)]
    return torch.cat(logits, dim=1)


def vector_of_domain(made):
    return torch.stack([made.sharing.vectors.of_domain[d].vector for d in BATCH.domain_B.tolist()])


def test_a_group_is_a_domain_with_a_vector_of_its_own():
    made = model()
    vector_BZ = vector_of_domain(made)
    torch.testing.assert_close(made(BATCH), expected_logits(made, lambda h_BI: vector_BZ))


def test_or_the_rows_with_the_same_features():
    made = model(condition_features=("age", "tags"))
    _, encoded = inputs(made)
    z_BZ = torch.cat([encoded.fields_BFD[:, 3], encoded.fields_BFD[:, 5]], dim=1)
    assert made.encoder.fields[3] == "age" and made.encoder.fields[5] == "tags"
    torch.testing.assert_close(made(BATCH), expected_logits(made, lambda h_BI: z_BZ))
    assert made.sharing.vectors is None


def test_a_rows_own_condition_is_what_the_layer_reads():
    made = model(condition="self")
    torch.testing.assert_close(made(BATCH), expected_logits(made, lambda h_BI: h_BI))


@pytest.mark.parametrize("features", [(), ("item",)])
def test_a_mixed_condition_is_all_of_these(features):
    made = model(condition="mix", condition_features=features)
    _, encoded = inputs(made)
    given_BZ = torch.cat([vector_of_domain(made), encoded.fields_BFD[:, 0][:, : 16 * len(features)]], dim=1)
    torch.testing.assert_close(made(BATCH), expected_logits(made, lambda h_BI: torch.cat([given_BZ, h_BI], dim=1)))


def test_a_condition_that_changes_nothing_leaves_a_network_of_low_rank():
    """The core is the identity: all domains pass U V, whatever their vectors are."""
    made = model()
    with torch.no_grad():
        for layer in made.sharing.layers:
            layer.core.weight.zero_()
    other = replace(BATCH, domain_B=(BATCH.domain_B + 1) % 3)
    torch.testing.assert_close(made(BATCH), made(other))
    h_BI, _ = inputs(made)
    for layer in made.sharing.layers:
        h_BI = (h_BI @ (layer.up.weight() @ layer.down.weight()).T + layer.bias).clamp(min=0)
    logit_B1 = made.heads.head[1](made.sharing.towers.tower[1](h_BI))
    torch.testing.assert_close(made(BATCH, [1]), logit_B1)


def test_the_domain_learns_through_the_weights_that_it_generates():
    """Public code gives the condition no gradient."""
    made = model()
    made(BATCH).sum().backward()
    assert all(part.vector.grad.any() for part in made.sharing.vectors.of_domain)


@pytest.mark.parametrize("condition", ["mix", "self"])
@pytest.mark.parametrize("generated_bias", [False, True])
def test_each_condition_is_trained_and_scored_row_by_row(condition, generated_bias):
    made = model(condition=condition, generated_bias=generated_bias)
    made(BATCH).sum().backward()
    unused = [name for name, value in made.sharing.named_parameters() if value.grad is None]
    assert not unused
    alone = torch.cat([made(BATCH.take(torch.tensor([row]))) for row in range(len(BATCH))])
    torch.testing.assert_close(alone, made(BATCH))


def test_a_feature_that_is_not_there_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"model.condition_features names the feature 'citi'.*did you mean 'city'"):
        model(condition_features=("citi",))


def test_features_without_effect_are_refused():
    with pytest.raises(ValidationError, match="condition_features has no effect with the condition 'self'"):
        APGConfig(condition="self", condition_features=("item",))


def test_factors_narrower_than_what_they_make_are_refused():
    with pytest.raises(ValidationError, match="inner_rank must be greater than the rank 16, or 0"):
        APGConfig(inner_rank=16)
    assert APGConfig(inner_rank=0).rank == 16


def test_domains_that_want_the_contrary_are_learnt_where_a_shared_bottom_cannot():
    widths = {"bottom": (32, 16), "tower": (8,)}
    assert auc_on_conflicting_domains(SharedBottomConfig(**widths)) < 0.55
    assert auc_on_conflicting_domains(APGConfig(**widths, rank=8, inner_rank=16)) > 0.88
