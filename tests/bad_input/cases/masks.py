"""Tickets that are not there, damaged, or belong elsewhere."""

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from bad_input.case import case
from bad_input.spoiling import cut, flip
from recmtl.artifacts import tensors

TICKETS = "runs/sample/tickets/click"
MINE = "train-mtl --tickets click=mine.pt"


def changed(here: Path, **parts: Any) -> str:
    """A ticket of click, with other parts."""
    tensors.save(here / "mine.pt", tensors.load(here / TICKETS / "ticket.pt") | parts)
    return MINE


@case()
def a_ticket_is_cut_off(here: Path) -> str:
    cut(here / TICKETS / "ticket.pt")
    return "train-mtl"


@case()
def a_ticket_has_one_flipped_bit(here: Path) -> str:
    flip(here / TICKETS / "ticket.pt")
    return "train-mtl"


@case()
def a_ticket_is_gone(here: Path) -> str:
    (here / TICKETS / "ticket.pt").unlink()
    return "train-mtl"


@case()
def a_search_that_never_ended(here: Path) -> str:
    (here / TICKETS / "manifest.json").unlink()
    return "train-mtl"


@case()
def no_such_file(here: Path) -> str:
    return "train-mtl --tickets click=nowhere.pt"


@case()
def no_such_iteration(here: Path) -> str:
    return "train-mtl --tickets click=9"


@case()
def no_such_task(here: Path) -> str:
    return "train-mtl --tickets clik=1"


@case()
def no_such_run(here: Path) -> str:
    return "train-mtl --tickets nobody"


@case()
def none_and_some(here: Path) -> str:
    return "train-mtl --tickets click=1 --tickets none"


@case()
def one_task_twice(here: Path) -> str:
    return "train-mtl --tickets click=1 --tickets click=2"


@case()
def of_another_task(here: Path) -> str:
    return f"train-mtl --tickets completion={TICKETS}/ticket.pt"


@case()
def of_another_model(here: Path) -> str:
    mask = tensors.load(here / TICKETS / "ticket.pt")["mask"]
    return changed(here, mask={name: value[:, :32].contiguous() for name, value in mask.items()})


@case()
def of_another_model_with_other_layers(here: Path) -> str:
    mask = tensors.load(here / TICKETS / "ticket.pt")["mask"]
    return changed(here, mask={f"experts.{name}": value for name, value in mask.items()})


@case()
def of_other_initial_weights(here: Path) -> str:
    return changed(here, start="0" * 64)


@case()
def of_another_split(here: Path) -> str:
    return changed(here, split="0" * 64)


@case()
def of_another_version(here: Path) -> str:
    return changed(here, format=2)


@case()
def of_numbers_in_place_of_yes_and_no(here: Path) -> str:
    mask = tensors.load(here / TICKETS / "ticket.pt")["mask"]
    return changed(here, mask={name: value.float() for name, value in mask.items()})


@case()
def a_model_in_place_of_a_mask(here: Path) -> str:
    return "train-mtl --tickets click=runs/sample/model/best.pt"


@case()
def a_table_in_place_of_a_mask(here: Path) -> str:
    return "train-mtl --tickets click=taobao/theme_click_log.csv"


@case()
def a_folder_in_place_of_a_mask(here: Path) -> str:
    return f"train-mtl --tickets click={TICKETS}"


@case()
def a_file_that_runs_code(here: Path) -> str:
    class Gadget:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {here}/evil",)

    (here / "mine.pt").write_bytes(pickle.dumps({"mask": Gadget()}))
    return MINE


@case()
def a_file_of_torch_with_code(here: Path) -> str:
    torch.save({"mask": torch.nn.Linear(2, 2)}, here / "mine.pt")
    return MINE


@case()
def an_empty_file(here: Path) -> str:
    (here / "mine.pt").write_bytes(b"")
    return MINE
