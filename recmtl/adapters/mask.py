"""Tickets as an adapter: task t sees W * M_t (LT4REC, arXiv 2008.09872; sparse sharing, Sun et al., AAAI 2020).

The product stands in the forward pass, so a masked weight gets no gradient from that task, and weights are never
written to.
"""

from collections.abc import Mapping

from torch import Tensor, nn


class Masks(nn.Module):
    """weights, task -> weights: the masks of each task that has any, by the name of the weight in the deep part."""

    def __init__(self, masks: Mapping[int, Mapping[str, Tensor]]) -> None:
        super().__init__()
        self.names: dict[int, dict[str, str]] = {}
        for task, by_weight in masks.items():
            self.names[task] = {}
            for place, (weight, mask) in enumerate(sorted(by_weight.items())):
                # a buffer's name may hold no dot
                self.names[task][weight] = name = f"mask_{task}_{place}"
                self.register_buffer(name, mask.clone(), persistent=False)

    def forward(self, weights: Mapping[str, Tensor], task: int) -> dict[str, Tensor]:
        """All weights, those under a mask multiplied by it; a task without masks sees them as they are."""
        masks = self.names.get(task, {})
        # over the masks, not the weights: a mask of a weight that is not there must not pass unnoticed
        return {**weights, **{weight: weights[weight] * getattr(self, name) for weight, name in masks.items()}}
