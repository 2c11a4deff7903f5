import pytest
import torch

from recmtl.nn.scores import Scores

X_BI = torch.randn(7, 10, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("bias", [False, True])
def test_without_hidden_layers_scores_are_linear(bias):
    scores = Scores(10, 3, 4, bias=bias)
    assert {name for name, _ in scores.named_parameters()} == ({"weight", "bias"} if bias else {"weight"})
    if bias:
        torch.nn.init.normal_(scores.bias)
    for gate in range(3):
        rows = slice(4 * gate, 4 * gate + 4)
        expected = X_BI @ scores.weight[rows].T + (scores.bias[rows] if bias else 0)
        torch.testing.assert_close(scores(X_BI)[:, gate], expected)


@pytest.mark.parametrize("bias", [False, True])
def test_with_hidden_layers_each_gate_has_a_network_of_its_own(bias):
    scores = Scores(10, 3, 4, (6, 5), bias=bias)
    for value in scores.parameters():
        torch.nn.init.normal_(value)
    first, later = scores.hidden.first, scores.hidden.later[0]
    for gate in range(3):
        h = (X_BI @ first.weight.chunk(3)[gate].T + first.bias.chunk(3)[gate]).clamp(min=0)
        h = (h @ later.weight[gate] + later.bias[gate]).clamp(min=0)
        expected = h @ scores.weight[gate].T + (scores.bias.chunk(3)[gate] if bias else 0)
        torch.testing.assert_close(scores(X_BI)[:, gate], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("hidden", [(), (6,)])
def test_gates_start_differently(hidden):
    scores = Scores(10, 3, 4, hidden)
    starts = {part.detach().numpy().tobytes() for part in scores.weight.view(3, 4, -1)}
    assert len(starts) == 3


def test_dropout_acts_on_hidden_layers():
    scores = Scores(10, 3, 4, (50,), dropout=0.5)
    assert not torch.equal(scores(X_BI), scores(X_BI))
    scores.eval()
    assert torch.equal(scores(X_BI), scores(X_BI))
