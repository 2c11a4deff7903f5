import pytest
import torch

from recmtl.nn.mixture import mix


@pytest.mark.parametrize("tasks", [1, 2, 5])
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_a_mixture_is_the_experts_weighted_sum(tasks, kind):
    chance = torch.Generator().manual_seed(0)
    gate_BTE = torch.randn(6, tasks, 3, generator=chance).softmax(-1).requires_grad_()
    expert_BEH = torch.randn(6, 3, 4, generator=chance).to(kind).requires_grad_()
    direction = torch.randn(6, tasks, 4, generator=chance)
    expected = torch.einsum("bte,beh->bth", gate_BTE, expert_BEH.float())
    wanted = torch.autograd.grad((expected * direction).sum(), (gate_BTE, expert_BEH))
    found = mix(gate_BTE, expert_BEH)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)
    for value, other in zip(
        torch.autograd.grad((found * direction).sum(), (gate_BTE, expert_BEH)), wanted, strict=True
    ):
        torch.testing.assert_close(value, other)


def test_gates_stay_single_where_products_are_in_bfloat16():
    gate_BTE, expert_BEH = torch.tensor([[[0.3, 0.7]] * 2]), torch.tensor([[[1.0], [3.0]]])
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(mix(gate_BTE, expert_BEH), torch.full((1, 2, 1), 0.3 + 2.1))
