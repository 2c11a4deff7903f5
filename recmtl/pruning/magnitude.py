"""Global magnitude pruning (Frankle and Carbin, ICLR 2019), over the deep layers that tasks share, as in LT4REC
(arXiv 2008.09872).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from recmtl.models.sharing import Sharing


def prunable(sharing: Sharing) -> dict[str, Tensor]:
    """The weights a ticket is a part of, by name: those of the shared submodules, without biases."""
    return {
        name: value
        for name, value in sharing.named_parameters()
        if name.split(".")[0] in sharing.shared and name.split(".")[-1] == "weight"
    }


def full_mask(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Everything kept."""
    return {name: torch.ones_like(value, dtype=torch.bool) for name, value in weights.items()}


def geometric_counts(total: int, final_rate: float, iterations: int) -> list[int]:
    """Weights kept after each iteration: round(total * final_rate^(i / iterations))."""
    return [round(total * final_rate ** (i / iterations)) for i in range(1, iterations + 1)]


def cut(mask: Mapping[str, Tensor], weights: Mapping[str, Tensor], keep: int) -> dict[str, Tensor]:
    """Keep the `keep` largest |w| of those in `mask`, over all tensors together; among equals the first in order stay.

    Args:
        mask: bool, by name; what was cut before never comes back.
        weights: trained weights of the same names and shapes.
        keep: how many stay, exactly; at most as many as `mask` has.
    """
    names = sorted(mask)
    flat = torch.cat([torch.where(mask[name], weights[name].detach().abs(), -1.0).flatten() for name in names])
    order = torch.sort(flat, descending=True, stable=True).indices
    kept = torch.zeros(len(flat), dtype=torch.bool)
    kept[order[:keep]] = True
    pieces = kept.split([mask[name].numel() for name in names])
    return {name: piece.view(mask[name].shape) & mask[name] for name, piece in zip(names, pieces, strict=True)}
