import pytest
import torch

from recmtl.models.mmoe import MMoEConfig
from recmtl.models.model import Model
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(32, seed=0).rows.batch


@pytest.mark.parametrize("widths", [(9,), (9, 6)])
@pytest.mark.parametrize("gates", [{}, {"gate": (4, 3)}, {"gating": "dselect_k"}], ids=str)
def test_one_expert_is_a_shared_bottom(widths, gates):
    mmoe = Model(MMoEConfig(num_experts=1, expert=widths, tower=(5,), **gates), planted_schema(), seed=0)
    bottom = Model(SharedBottomConfig(bottom=widths, tower=(5,)), planted_schema(), seed=1)
    with torch.no_grad():
        for name, weight in mmoe.named_parameters():
            torch.nn.init.normal_(weight, std=0.3)
            if name in dict(bottom.named_parameters()):
                bottom.get_parameter(name).copy_(weight)
        layers = [layer for layer in bottom.sharing.bottom if isinstance(layer, torch.nn.Linear)]
        layers[0].weight.copy_(mmoe.sharing.experts.first.weight)
        layers[0].bias.copy_(mmoe.sharing.experts.first.bias)
        for layer, batched in zip(layers[1:], mmoe.sharing.experts.later, strict=True):
            layer.weight.copy_(batched.weight[0].T)
            layer.bias.copy_(batched.bias[0, 0])
    torch.testing.assert_close(mmoe.eval()(BATCH), bottom.eval()(BATCH))


def test_a_tasks_mixture_is_its_gates_softmax_over_the_experts():
    torch.manual_seed(0)
    sharing = MMoEConfig(num_experts=3, expert=(8,), tower=()).build(Plan(10, Routes(("a", "b"))))
    x_BI = torch.randn(7, 10)
    expert_BEH = sharing.experts(x_BI)
    for task in (0, 1):
        score_BE = x_BI @ sharing.gates.weight[3 * task : 3 * task + 3].T
        share_BE = score_BE.exp() / score_BE.exp().sum(1, keepdim=True)
        expected_BH = sum(share_BE[:, e : e + 1] * expert_BEH[:, e] for e in range(3))
        torch.testing.assert_close(sharing.deep(x_BI, None, [task])[:, 0], expected_BH)
        torch.testing.assert_close(sharing.deep(x_BI, None, [0, 1])[:, task], expected_BH)
    assert "gates.bias" not in dict(sharing.named_parameters())


def test_equal_gates_make_tasks_see_the_same_mixture():
    torch.manual_seed(0)
    sharing = MMoEConfig(num_experts=3, expert=(8,), tower=()).build(Plan(10, Routes(("a", "b"))))
    sharing.gates.weight.data.copy_(sharing.gates.weight.data[:3].repeat(2, 1))
    h_BTH = sharing.deep(torch.randn(7, 10), None, [0, 1])
    torch.testing.assert_close(h_BTH[:, 0], h_BTH[:, 1])


def test_a_gate_with_hidden_layers_scores_what_they_make_of_the_input():
    torch.manual_seed(0)
    sharing = MMoEConfig(num_experts=3, expert=(8,), gate=(6, 5), tower=()).build(Plan(10, Routes(("a", "b"))))
    x_BI = torch.randn(7, 10)
    expert_BEH, first, later = sharing.experts(x_BI), sharing.gates.hidden.first, sharing.gates.hidden.later[0]
    for task in (0, 1):
        h_BH = (x_BI @ first.weight.chunk(2)[task].T + first.bias.chunk(2)[task]).relu()
        h_BH = (h_BH @ later.weight[task] + later.bias[task]).relu()
        share_BE = (h_BH @ sharing.gates.weight[task].T).softmax(1)
        expected_BH = sum(share_BE[:, e : e + 1] * expert_BEH[:, e] for e in range(3))
        torch.testing.assert_close(sharing.deep(x_BI, None, [task])[:, 0], expected_BH)


def test_without_hidden_layers_a_gate_has_the_weights_that_it_always_had():
    """Those of models that were trained before gates could have layers."""
    names = dict(MMoEConfig(num_experts=3).build(Plan(10, Routes(("a", "b")))).named_parameters())
    assert {name: tuple(value.shape) for name, value in names.items() if "gate" in name} == {"gates.weight": (6, 10)}


def test_a_softmax_adds_nothing_to_the_loss():
    model = Model(MMoEConfig(), planted_schema(), seed=0)
    assert model.sharing.extra_loss(model.output(BATCH), BATCH, [0, 1]) is None
