"""An interaction with chance weights and what it reads, made for tests."""

from dataclasses import dataclass

import torch

from recmtl.models.encoder import Encoded, Encoder, EncoderConfig
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.testing.planted import planted, planted_schema

ROWS = 5
FIELDS = ("item", "city", "price", "age", "history", "tags")
DIM = 3
DENSE = 22


@dataclass(frozen=True)
class Reading:
    """On a few planted rows, for two tasks."""

    interaction: Interaction
    encoder: Encoder
    encoded: Encoded
    read: Read

    @property
    def vectors(self):
        """fields_BFD, without gradients."""
        return self.encoded.fields_BFD.detach()

    @property
    def flat_BI(self):
        return torch.cat([self.vectors.flatten(1), self.encoded.dense_BK], dim=1)

    def linear_BT(self):
        """The ids' weights and a linear of the numbers, row by row."""
        weight_TK = self.interaction.wide.dense.weight.detach()
        ids_BT = self.encoded.wide_BT.detach()
        return torch.stack([ids_BT[row] + weight_TK @ self.encoded.dense_BK[row] for row in range(ROWS)])


def reading_of(config: InteractionConfig) -> Reading:
    torch.manual_seed(0)
    wide = 2 if config.wide else 0
    encoder = Encoder(EncoderConfig(embedding_dim=DIM), planted_schema(), seed=0, wide=wide).eval()
    interaction = config.build(encoder, 2).eval()
    for parameter in (*encoder.parameters(), *interaction.parameters()):
        torch.nn.init.normal_(parameter, std=0.5)
    encoded = encoder(planted(ROWS, seed=0).rows.batch)
    assert encoder.fields == FIELDS and encoder.dense_dim == DENSE
    read = interaction(encoded)
    assert read.x_BI.shape == (ROWS, interaction.out_dim)
    return Reading(interaction, encoder, encoded, read)
