"""A trained model on disk: weights, masks, and the split it was trained on."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeGuard

import torch
from torch import Tensor

from recmtl.adapters.mask import Masks
from recmtl.artifacts import tensors
from recmtl.errors import DamagedError
from recmtl.models.model import Model
from recmtl.pruning.magnitude import prunable

FORMAT = 1
_HINT = "Train it again with recmtl train-mtl, or name the split it was trained on with --data."


def save_checkpoint(
    path: Path, weights: Mapping[str, Tensor], masks: Mapping[str, Mapping[str, Tensor]], split: str
) -> None:
    """Write `weights`, the masks of the tasks that have any, and the hash of the split."""
    tensors.save(path, {"format": FORMAT, "split": split, "weights": weights, "masks": masks})


def load_checkpoint(path: Path, model: Model, split: str) -> None:
    """Put the weights and masks at `path` into `model`.

    Raises:
        MissingError: it is not there.
        DamagedError: it is damaged, of another model, or was trained on another split than the one with the hash
            `split`: its test rows may be that model's training rows.
    """
    content = tensors.load(path)
    weights, masks = content.get("weights"), content.get("masks")
    if content.get("format") != FORMAT or not _are_tensors(weights) or not isinstance(masks, dict):
        raise DamagedError(
            f"{path} is no model, or one of another version of recmtl.",
            hint="Give a checkpoint that recmtl train-mtl wrote.",
        )
    if content.get("split") != split:
        raise DamagedError(
            f"{path} was trained on another split, and may know the test rows of this one.",
            hint=_HINT,
        )
    state = {name: (value.shape, value.dtype) for name, value in model.state_dict().items()}
    tensors.check_like(weights, state, "weights", path)
    expected = {name: (value.shape, torch.bool) for name, value in prunable(model.sharing).items()}
    for task, mask in masks.items():
        if task not in model.schema.task_names or not _are_tensors(mask):
            raise DamagedError(f"{path} holds a ticket of {task!r}, which is no task of this split.", hint=_HINT)
        tensors.check_like(mask, expected, "masks", path)
    if not all(bool(value.isfinite().all()) for value in weights.values()):
        raise DamagedError(
            f"{path} holds weights that are not finite numbers.", hint="Train again, with a smaller learning rate."
        )
    model.load_state_dict(weights)
    if masks:
        model.masks = Masks({model.schema.task_names.index(task): mask for task, mask in masks.items()})


def _are_tensors(value: object) -> TypeGuard[dict[str, Tensor]]:
    return isinstance(value, dict) and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in value.items())
