import pytest
import torch

from recmtl.adapters.mask import Masks

WEIGHTS = {"a.weight": torch.tensor([1.0, 2.0, 3.0]), "b.weight": torch.tensor([4.0, 5.0]), "a.bias": torch.ones(1)}


def masks():
    return Masks({1: {"b.weight": torch.tensor([False, True]), "a.weight": torch.tensor([True, False, True])}})


def test_a_tasks_weights_are_multiplied_by_its_masks():
    seen = masks()(WEIGHTS, 1)
    assert seen["a.weight"].tolist() == [1, 0, 3] and seen["b.weight"].tolist() == [0, 5]
    assert seen["a.bias"] is WEIGHTS["a.bias"]
    assert list(seen) == list(WEIGHTS)


def test_a_task_without_masks_sees_the_weights_themselves():
    assert all(value is WEIGHTS[name] for name, value in masks()(WEIGHTS, 0).items())


def test_weights_are_not_written_to():
    before = {name: value.clone() for name, value in WEIGHTS.items()}
    masks()(WEIGHTS, 1)
    assert all(torch.equal(WEIGHTS[name], value) for name, value in before.items())


def test_a_mask_is_a_copy():
    mask = torch.tensor([True, True])
    adapter = Masks({0: {"b.weight": mask}})
    mask.fill_(False)
    assert adapter(WEIGHTS, 0)["b.weight"].tolist() == [4, 5]


def test_a_mask_of_a_weight_that_is_not_there_does_not_pass_unnoticed():
    with pytest.raises(KeyError, match=r"c\.weight"):
        Masks({0: {"c.weight": torch.tensor([True])}})(WEIGHTS, 0)
