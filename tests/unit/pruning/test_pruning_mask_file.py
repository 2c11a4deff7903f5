import re

import pytest
import torch

from recmtl.artifacts import tensors
from recmtl.errors import DamagedError, MissingError
from recmtl.pruning.mask_file import Belonging, found_on, load_mask, save_mask

WEIGHTS = {"bottom.3.weight": torch.zeros(2, 3), "bottom.0.weight": torch.zeros(3, 4)}
MASK = {"bottom.0.weight": torch.eye(3, 4).bool(), "bottom.3.weight": torch.ones(2, 3).bool()}
BELONGING = Belonging("click", "a" * 64, "s" * 64)


@pytest.fixture
def path(tmp_path):
    save_mask(tmp_path / "1_50.0%.pt", MASK, BELONGING, score=0.75)
    return tmp_path / "1_50.0%.pt"


def test_a_mask_comes_back_as_it_was(path):
    found = load_mask(path, WEIGHTS, BELONGING)
    assert found.keys() == MASK.keys()
    assert all(torch.equal(found[name], part) and part.dtype == torch.bool for name, part in MASK.items())


def test_the_file_says_how_much_it_keeps_and_how_good_it_was(path):
    content = tensors.load(path)
    assert (content["kept"], content["total"], content["score"], content["task"]) == (9, 18, 0.75, "click")


def test_equal_masks_are_equal_bytes(path, tmp_path):
    save_mask(tmp_path / "again.pt", dict(reversed(MASK.items())), BELONGING, score=0.75)
    assert (tmp_path / "again.pt").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("belonging", "reason"),
    [
        (Belonging("buy", "a" * 64, "s" * 64), "is a ticket of the task 'click', not of 'buy'"),
        (Belonging("click", "b" * 64, "s" * 64), "was found on other initial weights"),
        (Belonging("click", "a" * 64, "t" * 64), "was found on another split"),
    ],
)
def test_a_mask_of_something_else_is_refused(path, belonging, reason):
    with pytest.raises(DamagedError, match=re.escape(f"{path} {reason}")):
        load_mask(path, WEIGHTS, belonging)


@pytest.mark.parametrize("bases", [("s" * 64,), ("r" * 64, "s" * 64)])
def test_a_mask_of_a_split_that_is_extended_is_taken(path, bases):
    found = load_mask(path, WEIGHTS, Belonging("click", "a" * 64, "t" * 64, bases))
    assert found.keys() == MASK.keys() and found_on(path) == "s" * 64


def test_a_mask_of_another_base_is_refused(path):
    with pytest.raises(DamagedError, match="was found on another split"):
        load_mask(path, WEIGHTS, Belonging("click", "a" * 64, "t" * 64, ("r" * 64,)))


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        (
            {**WEIGHTS, "bottom.0.weight": torch.zeros(3, 5)},
            r"shape of bottom\.0\.weight is \(3, 4\), expected \(3, 5\)",
        ),
        ({"bottom.0.weight": torch.zeros(3, 4)}, r"unexpected: bottom\.3\.weight"),
        ({**WEIGHTS, "bottom.6.weight": torch.zeros(1)}, r"masks missing: bottom\.6\.weight"),
    ],
)
def test_a_mask_of_another_architecture_is_refused(path, weights, reason):
    with pytest.raises(DamagedError, match=reason):
        load_mask(path, weights, BELONGING)


def test_a_mask_that_is_not_boolean_is_refused(tmp_path):
    save_mask(tmp_path / "m.pt", {name: part.float() for name, part in MASK.items()}, BELONGING, score=0.5)
    with pytest.raises(DamagedError, match=r"type of bottom\.\d\.weight is float32, expected bool"):
        load_mask(tmp_path / "m.pt", WEIGHTS, BELONGING)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"format": 2, "task": "click", "start": "a" * 64, "mask": MASK},
        {"format": 1, "task": "click", "start": "a" * 64, "mask": [1]},
        {"format": 1, "task": "click", "start": "a" * 64, "mask": {"bottom.0.weight": 1}},
        {"format": 1, "task": "click", "start": "a" * 64, "mask": {7: torch.ones(2)}},
    ],
)
def test_another_pt_file_is_no_mask(tmp_path, content):
    tensors.save(tmp_path / "m.pt", content)
    with pytest.raises(DamagedError, match="is no ticket, or one of another version"):
        load_mask(tmp_path / "m.pt", WEIGHTS, BELONGING)


def test_a_mask_that_is_not_there(tmp_path):
    with pytest.raises(MissingError):
        load_mask(tmp_path / "none.pt", WEIGHTS, BELONGING)
