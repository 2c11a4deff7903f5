"""Gates of the domain on what all tasks read, and of user and item on what each layer reads."""

from dataclasses import replace

import pytest
import torch
from conflicting_domains import auc_on_conflicting_domains

from recmtl.errors import ConfigError
from recmtl.models.model import Model
from recmtl.models.pepnet import PEPNetConfig
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(40, seed=0).rows.batch
SMALL = {"tower": (9, 6), "gate": 4, "domain_dim": 2}


def model(**changes):
    made = Model(PEPNetConfig(**{**SMALL, **changes}), planted_schema(), seed=0).eval()
    torch.manual_seed(1)
    with torch.no_grad():  # gates far from 1
        for name, value in made.sharing.named_parameters():
            value.add_(0.5 * torch.randn(value.shape) if "gate" in name else 0)
    return made


def inputs(made, batch=BATCH):
    encoded = made.encoder(batch)
    return made.interaction(encoded).x_BI, encoded


def gate(gates, v_BI, which):
    h_BH = (v_BI @ gates.hidden.weight.T + gates.hidden.bias).clamp(min=0)
    last = gates.gate[which]
    return 2 / (1 + (-(h_BH @ last.weight.T + last.bias)).exp())


def by_the_paper(made, batch, route, domain_columns, prior_columns):
    """A route's logit; the columns are those of the named features among all vectors."""
    sharing = made.sharing
    x_BI, encoded = inputs(made, batch)
    vector_BV = torch.stack([sharing.vectors.of_domain[d].vector for d in batch.domain_B.tolist()])
    read_BI = [vector_BV, *(encoded.fields_BFD[:, place] for place in domain_columns), x_BI]
    o_BI = gate(sharing.input_gate, torch.cat(read_BI, dim=1), 0) * x_BI
    read_BI = torch.cat([*(encoded.fields_BFD[:, place] for place in prior_columns), o_BI], dim=1)
    h_BH = o_BI
    for place, layer in enumerate(sharing.layers):
        linear = layer.tower[route][0]
        h_BH = ((gate(sharing.gates[place], read_BI, route) * h_BH) @ linear.weight.T + linear.bias).clamp(min=0)
    h_BH = gate(sharing.gates[len(sharing.layers)], read_BI, route) * h_BH
    return made.heads.head[route](h_BH)[:, 0]


@pytest.mark.parametrize(
    ("changes", "domain_columns", "prior_columns"),
    [
        ({}, (), range(6)),
        ({"prior": ("age", "item")}, (), (3, 0)),
        ({"prior": ()}, (), ()),
        ({"prior": ("item",), "domain_features": ("city",)}, (1,), (0,)),
    ],
)
def test_it_computes_the_papers_equations(changes, domain_columns, prior_columns):
    made = model(**changes)
    assert made.encoder.fields == ("item", "city", "price", "age", "history", "tags")
    for task in (0, 1):
        expected_B = by_the_paper(made, BATCH, task, domain_columns, prior_columns)
        torch.testing.assert_close(made(BATCH)[:, task], expected_B)
        torch.testing.assert_close(made(BATCH, [task])[:, 0], expected_B)


def test_each_domain_can_have_networks_of_its_own():
    made = model(per_domain=True)
    for domain in range(3):
        batch = BATCH.take((BATCH.domain_B == domain).nonzero()[:, 0])
        for task in (0, 1):
            expected_B = by_the_paper(made, batch, 2 * domain + task, (), range(6))
            torch.testing.assert_close(made(batch)[:, task], expected_B)


def test_gates_of_one_leave_the_networks_alone():
    """Logits of 0 are gates of 1."""
    made = model()
    with torch.no_grad():
        for gates in (made.sharing.input_gate, *made.sharing.gates):
            for value in gates.gate.parameters():
                value.zero_()
    x_BI, _ = inputs(made)
    for task in (0, 1):
        h_BH = x_BI
        for layer in made.sharing.layers:
            h_BH = layer.tower[task](h_BH)
        torch.testing.assert_close(made(BATCH)[:, task], made.heads.head[task](h_BH)[:, 0])
    other = replace(BATCH, domain_B=(BATCH.domain_B + 1) % 3)
    torch.testing.assert_close(made(other), made(BATCH))


def test_it_starts_near_gates_of_one():
    made = Model(PEPNetConfig(), planted_schema(), seed=0).eval()
    x_BI, encoded = inputs(made)
    vector_BV = made.sharing.vectors(encoded.domain_B)
    gate_B1I = made.sharing.input_gate(torch.cat([vector_BV, x_BI], dim=1), [0])
    assert (gate_B1I - 1).abs().mean() < 0.05


def gradient_of_inputs(made, x_BI, encoded):
    x_BI = x_BI.detach().requires_grad_()
    made.sharing.deep(x_BI, encoded, [0, 1]).sum().backward()
    return x_BI.grad


def test_the_inputs_learn_nothing_through_the_gates_that_read_them():
    """Their gradient is the one they have when every gate is a number."""
    made = model(prior=())
    x_BI, encoded = inputs(made)
    found_BI = gradient_of_inputs(made, x_BI, encoded)
    sharing, fixed_BI = made.sharing, x_BI.detach().requires_grad_()
    with torch.no_grad():
        vector_BV = sharing.vectors(encoded.domain_B)
        gate_BI = sharing.input_gate(torch.cat([vector_BV, x_BI], dim=1), [0])[:, 0]
        gates = [part(gate_BI * x_BI, [0, 1]) for part in sharing.gates]
    h_BRH = gates[0] * (gate_BI * fixed_BI).unsqueeze(1)
    for layer, gate_BRH in zip(sharing.layers, gates[1:], strict=True):
        h_BRH = gate_BRH * layer(h_BRH, [0, 1])
    h_BRH.sum().backward()
    torch.testing.assert_close(found_BI, fixed_BI.grad)
    assert found_BI.any()


def test_the_vectors_that_the_gates_read_as_prior_learn_through_them():
    """And so do all vectors through the networks: public code detaches the inputs themselves."""
    for prior in ((), ("item",)):
        made = model(prior=prior)
        x_BI, encoded = inputs(made)
        fields_BFD = encoded.fields_BFD.detach().requires_grad_()
        h_BRH = made.sharing.deep(x_BI, replace(encoded, fields_BFD=fields_BFD), [0, 1])
        h_BRH.sum().backward()
        touched = [] if fields_BFD.grad is None else fields_BFD.grad.any(dim=(0, 2)).nonzero()[:, 0].tolist()
        assert touched == [made.encoder.fields.index(name) for name in prior]
        assert made.tables.grad.to_dense().any(dim=1).sum() > 40


def test_a_task_reaches_gates_and_networks_of_its_own_alone():
    made = model()
    made(BATCH)[:, 1].sum().backward()
    touched = {name for name, value in made.sharing.named_parameters() if value.grad is not None and value.grad.any()}
    assert any(".gate.1." in name for name in touched) and any(".tower.1." in name for name in touched)
    assert not any(name.startswith("gates.") and ".gate.0." in name for name in touched)
    assert not any(".tower.0." in name for name in touched)


@pytest.mark.parametrize("key", ["prior", "domain_features"])
def test_a_feature_that_is_not_there_is_refused_by_name(key):
    with pytest.raises(ConfigError, match=rf"model.{key} names the feature 'itm'.*did you mean 'item'"):
        model(**{key: ("itm",)})


def test_a_number_without_a_vector_is_refused_too():
    config = PEPNetConfig(prior=("price",), encoder={"numbers": "plain"})
    with pytest.raises(ConfigError, match="'price', which has no vector"):
        Model(config, planted_schema(), seed=0)


def test_domains_that_want_the_contrary_are_learnt_where_a_shared_bottom_cannot():
    assert auc_on_conflicting_domains(SharedBottomConfig(bottom=(32, 16), tower=())) < 0.55
    assert auc_on_conflicting_domains(PEPNetConfig(tower=(32, 16))) > 0.88
