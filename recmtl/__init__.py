"""Multi-task and multi-domain ranking models: the library under the `recmtl` command."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recmtl.estimator import MultiTaskRanker as MultiTaskRanker

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """The estimator is imported when it is asked for: torch and pandas take seconds, and the commands have none."""
    if name == "MultiTaskRanker":
        return import_module("recmtl.estimator").MultiTaskRanker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
