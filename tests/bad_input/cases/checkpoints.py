"""Models that are not there, damaged, or belong elsewhere."""

from pathlib import Path
from typing import Any

import torch

from bad_input.case import case
from bad_input.spoiling import cut, flip, run
from recmtl.artifacts import tensors
from recmtl.pipelines.selection import Asked
from recmtl.pipelines.split_domains import SplitDomains

BEST = "runs/sample/model/best.pt"
MINE = "evaluate --checkpoint mine.pt"


def changed(here: Path, **parts: Any) -> str:
    """The best checkpoint, with other parts."""
    tensors.save(here / "mine.pt", tensors.load(here / BEST) | parts)
    return MINE


@case()
def cut_off(here: Path) -> str:
    cut(here / BEST)
    return "evaluate"


@case()
def one_flipped_bit(here: Path) -> str:
    flip(here / BEST)
    return "evaluate"


@case()
def the_file_is_gone(here: Path) -> str:
    (here / BEST).unlink()
    return "evaluate"


@case()
def a_file_of_my_own_is_cut_off(here: Path) -> str:
    (here / "mine.pt").write_bytes((here / BEST).read_bytes())
    cut(here / "mine.pt")
    return MINE


@case()
def a_file_of_my_own_has_one_flipped_bit(here: Path) -> str:
    (here / "mine.pt").write_bytes((here / BEST).read_bytes())
    flip(here / "mine.pt")
    return MINE


@case()
def no_such_checkpoint(here: Path) -> str:
    return "evaluate --checkpoint epoch-3"


@case()
def a_training_that_never_ended(here: Path) -> str:
    (here / "runs/sample/model/manifest.json").unlink()
    return "evaluate"


@case()
def a_mask_in_place_of_a_model(here: Path) -> str:
    return "evaluate --checkpoint runs/sample/tickets/click/ticket.pt"


@case()
def of_another_version(here: Path) -> str:
    return changed(here, format=99)


@case()
def of_another_split(here: Path) -> str:
    return changed(here, split="0" * 64)


@case()
def of_a_split_that_was_made_anew(here: Path) -> str:
    run(here, SplitDomains(Asked(config=str(here / "sample.json"), settings=("split.seed=4",))))
    return "evaluate"


@case()
def of_another_model(here: Path) -> str:
    weights = tensors.load(here / BEST)["weights"]
    return changed(here, weights={name: value for name, value in weights.items() if "sharing" not in name})


@case()
def of_other_sizes(here: Path) -> str:
    weights = tensors.load(here / BEST)["weights"]
    return changed(here, weights={name: torch.cat([value, value]) for name, value in weights.items()})


@case()
def without_weights(here: Path) -> str:
    return changed(here, weights="none")


@case()
def with_a_mask_of_no_task(here: Path) -> str:
    masks = tensors.load(here / BEST)["masks"]
    return changed(here, masks={"purchase": masks["click"]})


@case()
def with_a_mask_of_another_size(here: Path) -> str:
    masks = tensors.load(here / BEST)["masks"]
    return changed(here, masks={"click": {name: mask[:1] for name, mask in masks["click"].items()}})


@case()
def weights_that_are_nan(here: Path) -> str:
    weights = tensors.load(here / BEST)["weights"]
    return changed(here, weights={name: value * float("nan") for name, value in weights.items()})


@case()
def initial_weights_that_were_changed(here: Path) -> str:
    path = here / "runs/sample/init/weights.pt"
    tensors.save(path, {name: value + 1 for name, value in tensors.load(path).items()})
    return "train-mtl --set train.epochs=1"


@case()
def initial_weights_that_are_gone(here: Path) -> str:
    (here / "runs/sample/init/weights.pt").unlink()
    return "train-mtl --set train.epochs=1"


@case()
def initial_weights_with_an_empty_manifest(here: Path) -> str:
    (here / "runs/sample/init/manifest.json").write_text("{}")
    return "train-mtl --set train.epochs=1"


@case()
def initial_weights_of_another_model(here: Path) -> str:
    return "train-mtl --config sample.json --tickets none --set model.bottom=[64,32]"
