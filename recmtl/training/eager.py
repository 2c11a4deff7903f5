"""Optimizers without torch's compiler, which each of torch's own imports at its first step: about a second, for
nothing.
"""

import inspect
from functools import cache
from typing import TypeVar

import torch
from torch.optim import Optimizer

Kind = TypeVar("Kind", bound=Optimizer)

_SHIELDED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
"""What torch keeps its compiler from looking into."""


@cache
def eager(kind: type[Kind]) -> type[Kind]:
    """The same optimizer, to the bit, whose methods are called as they are written.

    Where torch wraps them in another way they stay wrapped, and only the second is lost.
    """
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in _SHIELDED}
    step = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), {**methods, "step": step, "__doc__": kind.__doc__, "__module__": __name__})
