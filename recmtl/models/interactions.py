"""The interactions of all copies of the embedding tables."""

from dataclasses import replace
from typing import cast

import torch
from torch import nn

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.interaction import Interaction, InteractionConfig, Read


class Interactions(nn.Module):
    """Encoded -> Read, with x_CBI and wide_CBT if there are several copies: those of the routes, then shared ones."""

    def __init__(self, config: InteractionConfig, encoder: Encoder, tasks: int, copies: int, num_routes: int) -> None:
        super().__init__()
        self.dim, self.num_routes = encoder.dim, num_routes
        self.of_copy = nn.ModuleList(config.build(encoder, tasks) for _ in range(copies))
        self.out_dim = cast(Interaction, self.of_copy[0]).out_dim

    def forward(self, encoded: Encoded) -> Read:
        """Each copy with an interaction of its own."""
        if len(self.of_copy) == 1:
            return cast(Read, self.of_copy[0](encoded))
        reads = [interaction(self._copy(encoded, place)) for place, interaction in enumerate(self.of_copy)]
        x_CBI = torch.stack([read.x_BI for read in reads])
        wide = [read.wide_BT for read in reads if read.wide_BT is not None]
        return Read(x_CBI, torch.stack(wide) if wide else None)

    def _copy(self, encoded: Encoded, place: int) -> Encoded:
        copy = encoded.copy(place, self.dim)
        if place < self.num_routes or copy.wide_BT is None:
            return copy
        return replace(copy, wide_BT=torch.zeros_like(copy.wide_BT))  # the ids' weights count once
