"""What a model gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Output:
    """Logits of the asked tasks, and what the paper's own loss needs beside them."""

    logits_BT: Tensor
    auxiliary: Mapping[str, Tensor] = field(default_factory=dict)
    """By name, [B, T, ...]: a row's first, as the logits'; T is 1 where it is the same for all tasks."""

    def rows(self, index_B: Tensor) -> "Output":
        """The rows `index_B`, in that order."""
        others = {name: value.index_select(0, index_B) for name, value in self.auxiliary.items()}
        return Output(self.logits_BT.index_select(0, index_B), others)


def joined(outputs: Sequence[Output], dim: int) -> Output:
    """All rows (`dim` 0) or all tasks (`dim` 1) of the outputs, in order."""
    if len(outputs) == 1:
        return outputs[0]
    names = outputs[0].auxiliary
    others = {name: torch.cat([output.auxiliary[name] for output in outputs], dim) for name in names}
    return Output(torch.cat([output.logits_BT for output in outputs], dim), others)
