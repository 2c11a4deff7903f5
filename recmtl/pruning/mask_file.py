"""A mask on disk: which weights a task keeps, bound to the task, the initial weights and the architecture it was
found on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from recmtl.artifacts import tensors
from recmtl.errors import DamagedError

FORMAT = 1
_HINT = "Find one for this run: recmtl prune-single --task TASK."


@dataclass(frozen=True)
class Belonging:
    """What a mask belongs to."""

    task: str
    start: str
    """Hash of the initial weights."""
    split: str
    """Hash of the split it was found on."""
    bases: tuple[str, ...] = ()
    """Hashes of the splits that this one extends: what was found on one of those will do. No id has moved since, and
    a mask says nothing of the tables."""


def save_mask(path: Path, mask: Mapping[str, Tensor], belonging: Belonging, score: float) -> None:
    """Write a mask (bool tensors by the name of the weight in the deep part) with its validation score."""
    content = {
        "format": FORMAT,
        "task": belonging.task,
        "start": belonging.start,
        "split": belonging.split,
        "score": score,
        "kept": sum(int(value.sum()) for value in mask.values()),
        "total": sum(value.numel() for value in mask.values()),
        "mask": dict(sorted(mask.items())),
    }
    tensors.save(path, content)


def load_mask(path: Path, weights: Mapping[str, Tensor], belonging: Belonging) -> dict[str, Tensor]:
    """Read the mask at `path` for `weights` (the prunable ones of the model it shall be used with).

    Raises:
        MissingError: it is not there.
        DamagedError: it is damaged, of another task, found on other initial weights or on a split that this one does
            not extend, or of another architecture.
    """
    content = tensors.load(path)
    mask = content.get("mask")
    if (
        content.get("format") != FORMAT
        or not isinstance(mask, dict)
        or not all(isinstance(name, str) and isinstance(value, Tensor) for name, value in mask.items())
    ):
        raise DamagedError(f"{path} is no ticket, or one of another version of recmtl.", hint=_HINT)
    tensors.check_like(mask, {name: (value.shape, torch.bool) for name, value in weights.items()}, "masks", path)
    if content.get("task") != belonging.task:
        raise DamagedError(
            f"{path} is a ticket of the task {content.get('task')!r}, not of {belonging.task!r}.",
            hint="Give it to its own task: --tickets TASK=PATH.",
        )
    if content.get("start") != belonging.start:
        raise DamagedError(
            f"{path} was found on other initial weights, and is a ticket only together with these.",
            hint=_HINT,
        )
    if content.get("split") not in (belonging.split, *belonging.bases):
        raise DamagedError(
            f"{path} was found on another split, whose training rows may be test rows of this one.",
            hint=_HINT,
        )
    return mask


def found_on(path: Path) -> str:
    """Hash of the split that the mask at `path` was found on. Errors as in `tensors.load`."""
    return str(tensors.load(path).get("split"))
