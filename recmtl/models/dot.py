"""Dot interaction (DLRM, Naumov et al., arXiv 1906.00091, section 2.1), in the form LT4REC gives it (arXiv 2008.09872).

    x = [vec(V V^T), vec(V), numbers]        V: the F field vectors of a row

LT4REC keeps the whole F x F product, diagonal and both triangles; so does this, so that masks cover the same weights.
"""

from typing import ClassVar, Literal

import torch

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.interaction import Interaction, InteractionConfig, Read


class DotConfig(InteractionConfig):
    """The products of all pairs of vectors, beside all vectors and numbers (DLRM; LT4REC)."""

    paper: ClassVar = "Naumov et al., arXiv 2019; LT4REC, arXiv 2020"
    rule: ClassVar = (
        "The deep part reads the products of all pairs of vectors beside all vectors and numbers; nothing is "
        "added to the logits."
    )

    name: Literal["dot"] = "dot"

    def build(self, encoder: Encoder, tasks: int) -> "Dot":
        """F^2 products beside everything the encoder gives."""
        return Dot(len(encoder.fields) ** 2 + encoder.flat_dim)


class Dot(Interaction):
    """x_BI with I = F^2 + F D + dense."""

    def __init__(self, out_dim: int) -> None:
        super().__init__()
        self.out_dim = out_dim

    def forward(self, encoded: Encoded) -> Read:
        """Products of all pairs, then the fields themselves."""
        products_BFF = torch.bmm(encoded.fields_BFD, encoded.fields_BFD.transpose(1, 2))
        return Read(torch.cat([products_BFF.flatten(1), encoded.flat()], dim=1))
