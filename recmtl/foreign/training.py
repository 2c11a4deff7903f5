"""What the systems' training settings have in common."""

from collections.abc import Iterable
from typing import Any

from recmtl.foreign.base import Reader

_TABLES = {"adam": "lazy_adam", "rmsprop": "lazy_adam", "adagrad": "adagrad", "sgd": "sgd"}
"""Optimizer -> the one for the embedding tables."""
_LOSSES = {
    "binary_crossentropy": "cross_entropy", "logloss": "cross_entropy", "focal_loss": "focal",
    "mean_squared_error": "mse",
}  # fmt: skip
"""A loss's name there -> here, where it differs."""


def optimizers(
    reader: Reader, path: str, rate: float | None, l2: float | None = None, table_l2: float | None = None
) -> dict[str, Any]:
    """`train.optimizer` and `train.table_optimizer` from the one optimizer named at `path`."""
    name = (reader.take(path, str) or "adam").lower()
    table = _TABLES.get(name, name)
    if name == "rmsprop":
        reader.notes.append(f"{path}: embedding tables have no rmsprop here: they are moved by {table}")
    return {
        "optimizer": {"name": name, "learning_rate": rate, "l2": l2 or None},
        "table_optimizer": {"name": table, "learning_rate": rate, "l2": table_l2 or None},
    }


def loss(name: str) -> str:
    """A loss's name here."""
    return _LOSSES.get(name, name)


def losses(names: Iterable[str], tasks: Iterable[str]) -> dict[str, str] | None:
    """`train.losses`; None where all are what binary tasks have anyway."""
    found = {task: loss(name) for task, name in zip(tasks, names, strict=False)}
    return found if set(found.values()) - {"cross_entropy"} else None
