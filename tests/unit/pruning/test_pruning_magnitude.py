import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from recmtl.models.mmoe import MMoEConfig
from recmtl.models.routes import Plan, Routes
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.models.sharing import Sharing
from recmtl.pruning.magnitude import cut, full_mask, geometric_counts, prunable


def kept(mask):
    return sum(int(part.sum()) for part in mask.values())


def test_the_largest_of_all_tensors_together_stay():
    weights = {"a": torch.tensor([[1.0, -9.0], [3.0, 0.5]]), "b": torch.tensor([-4.0, 0.1])}
    mask = cut(full_mask(weights), weights, keep=3)
    assert mask["a"].tolist() == [[False, True], [True, False]]
    assert mask["b"].tolist() == [True, False]


def test_agrees_with_torchs_global_pruning():
    torch.manual_seed(0)
    layers = {"first": nn.Linear(20, 30), "second": nn.Linear(30, 10), "third": nn.Linear(10, 3)}
    weights = {name: layer.weight.detach().clone() for name, layer in layers.items()}
    mask = full_mask(weights)
    parameters = [(layer, "weight") for layer in layers.values()]
    for amount in (100, 333, 250):
        prune.global_unstructured(parameters, prune.L1Unstructured, amount=amount)
        mask = cut(mask, weights, kept(mask) - amount)
        for name, layer in layers.items():
            assert torch.equal(mask[name], layer.weight_mask.bool()), name


def test_among_equals_the_first_in_order_stay():
    weights = {"b": torch.tensor([2.0, -2.0, 2.0]), "a": torch.tensor([2.0, 1.0, -2.0])}
    mask = cut(full_mask(weights), weights, keep=3)
    assert mask["a"].tolist() == [True, False, True] and mask["b"].tolist() == [True, False, False]


def test_what_was_cut_never_comes_back_however_large_it_grows():
    weights = {"a": torch.tensor([100.0, 1.0, 2.0, 3.0])}
    mask = cut({"a": torch.tensor([False, True, True, True])}, weights, keep=2)
    assert mask["a"].tolist() == [False, False, True, True]


def test_a_kept_zero_is_before_all_that_was_cut():
    weights = {"a": torch.tensor([5.0, 0.0, 0.0, 1.0])}
    mask = cut({"a": torch.tensor([False, True, True, True])}, weights, keep=2)
    assert mask["a"].tolist() == [False, True, False, True]


@pytest.mark.parametrize("keep", [0, 1, 5, 6])
def test_exactly_so_many_stay_though_all_are_equal(keep):
    weights = {"a": torch.ones(2, 2), "b": torch.ones(2)}
    assert kept(cut(full_mask(weights), weights, keep)) == keep


def test_masks_are_boolean_and_shaped_like_the_weights():
    weights = {"a": torch.rand(2, 3, requires_grad=True), "b": torch.rand(4, 1, 2)}
    for mask in (full_mask(weights), cut(full_mask(weights), weights, 5)):
        assert {name: part.shape for name, part in mask.items()} == {name: w.shape for name, w in weights.items()}
        assert all(part.dtype == torch.bool and not part.requires_grad for part in mask.values())
    assert kept(full_mask(weights)) == 14


def test_counts_fall_by_the_same_share_down_to_the_final_rate():
    counts = geometric_counts(10_000, final_rate=0.0625, iterations=4)
    assert counts == [5000, 2500, 1250, 625]
    assert geometric_counts(10_000, final_rate=0.2, iterations=1) == [2000]


def test_only_weights_of_the_shared_layers_can_be_pruned():
    bottom = SharedBottomConfig(bottom=(6, 5), tower=(4,)).build(Plan(3, Routes(("x", "y"))))
    assert {name: tuple(weight.shape) for name, weight in prunable(bottom).items()} == {
        "bottom.0.weight": (6, 3),
        "bottom.3.weight": (5, 6),
    }
    mmoe = MMoEConfig(num_experts=2, expert=(6, 5), tower=(4,)).build(Plan(3, Routes(("x", "y"))))
    assert {name: tuple(weight.shape) for name, weight in prunable(mmoe).items()} == {
        "experts.first.weight": (12, 3),
        "experts.later.0.weight": (2, 6, 5),
    }


def test_a_name_that_only_begins_like_a_shared_layer_is_not_shared():
    class Two(Sharing):
        shared = ("bottom",)

        def __init__(self):
            super().__init__()
            self.bottom, self.bottom_of_one_task = nn.Linear(2, 2), nn.Linear(2, 2)

    assert list(prunable(Two())) == ["bottom.weight"]
