import pytest
import torch

from recmtl.balancing.fixed import FixedConfig
from recmtl.errors import ConfigError


def gradients(balance, rates=(2.0, 3.0)):
    weight = torch.tensor([1.0, 1.0], requires_grad=True)
    balance.backward(weight * torch.tensor(rates))
    return weight.grad.tolist()


def test_losses_count_by_their_weights_and_by_one_where_none_is_given():
    assert gradients(FixedConfig().build(["ctr", "cvr"])) == [2, 3]
    assert gradients(FixedConfig(weights={"cvr": 1.5}).build(["ctr", "cvr"])) == [2, 4.5]


def test_weights_belong_to_names_not_to_positions():
    assert gradients(FixedConfig(weights={"cvr": 1.5}).build(["cvr", "ctr"])) == [3, 3]


def test_a_task_trained_alone_keeps_its_weight():
    weight = torch.tensor([1.0], requires_grad=True)
    FixedConfig(weights={"ctr": 4.0, "cvr": 1.5}).build(["cvr"]).backward(weight * 2)
    assert weight.grad.tolist() == [3]


def test_gradients_are_added_to_those_that_are_there():
    weight = torch.tensor([1.0], requires_grad=True)
    for _ in range(2):
        FixedConfig().build(["ctr"]).backward(weight * 2)
    assert weight.grad.tolist() == [4]


def test_a_weight_of_a_task_that_is_not_there_is_refused_with_the_nearest_name():
    FixedConfig(weights={"click": 2.0}).check(["click", "buy"])
    with pytest.raises(ConfigError, match=r"'clik'.*did you mean 'click'"):
        FixedConfig(weights={"clik": 2.0}).check(["click", "buy"])


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_a_weight_is_positive(weight):
    with pytest.raises(ValueError, match="greater than 0"):
        FixedConfig(weights={"ctr": weight})
