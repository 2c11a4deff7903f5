"""The interactions of all copies of the embedding tables."""

from typing import cast

import torch
from torch import nn

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.interaction import Interaction, InteractionConfig, Read


class Interactions(nn.Module):
    """Encoded -> Read, with x_CBI and wide_CBT if there are several copies."""

    def __init__(self, config: InteractionConfig, encoder: Encoder, tasks: int, copies: int) -> None:
        super().__init__()
        self.dim = encoder.dim
        self.of_copy = nn.ModuleList(config.build(encoder, tasks) for _ in range(copies))
        self.out_dim = cast(Interaction, self.of_copy[0]).out_dim

    def forward(self, encoded: Encoded) -> Read:
        """Each copy with an interaction of its own."""
        if len(self.of_copy) == 1:
            return cast(Read, self.of_copy[0](encoded))
        reads = [interaction(encoded.copy(place, self.dim)) for place, interaction in enumerate(self.of_copy)]
        x_CBI = torch.stack([read.x_BI for read in reads])
        wide = [read.wide_BT for read in reads if read.wide_BT is not None]
        return Read(x_CBI, torch.stack(wide) if wide else None)
