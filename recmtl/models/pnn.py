"""Product-based neural network (Qu et al., ICDM 2016, arXiv 1611.00144, eq. 2 to 15).

    x = [vec(V), numbers, <v_i, v_j> for i < j]            inner
    x = [vec(V), numbers, (sum_i v_i) (sum_i v_i)^T]       outer, in the paper's form summed over all pairs

Public code puts a kernel product v_i W v_j, of a later paper, in place of the outer one, and keeps its weights where
only inner products are asked for. Neither kind of product has weights here.
"""

from typing import ClassVar, Literal

import torch

from recmtl.models.encoder import Encoded, Encoder
from recmtl.models.field_pairs import check_pairs
from recmtl.models.interaction import Interaction, InteractionConfig, Read
from recmtl.nn.pairs import inner_products, summed_outer_products

Products = Literal["inner", "outer", "both"]


class PNNConfig(InteractionConfig):
    """The products of all pairs of vectors beside all vectors and numbers (PNN)."""

    paper: ClassVar = "Qu et al., ICDM 2016"
    rule: ClassVar = (
        "The deep part reads all vectors and numbers beside the inner products of all pairs of vectors, their outer "
        "products summed into one matrix, or both; nothing is added to the logits."
    )

    name: Literal["pnn"] = "pnn"
    products: Products = "inner"
    """Inner products, a number a pair; outer ones, whose sum is one matrix; or both."""

    def build(self, encoder: Encoder, tasks: int) -> "PNN":
        """The products beside everything the encoder gives."""
        check_pairs(self.name, encoder)
        return PNN(self.products, encoder)


class PNN(Interaction):
    """x_BI with I = F D + dense + F (F - 1) / 2 or + D (D + 1) / 2 or + both."""

    def __init__(self, products: Products, encoder: Encoder) -> None:
        super().__init__()
        fields, dim = len(encoder.fields), encoder.dim
        self.inner, self.outer = products != "outer", products != "inner"
        self.out_dim = encoder.flat_dim
        self.out_dim += fields * (fields - 1) // 2 if self.inner else 0
        self.out_dim += dim * (dim + 1) // 2 if self.outer else 0

    def forward(self, encoded: Encoded) -> Read:
        """Everything side by side, then the products."""
        parts = [encoded.flat()]
        parts += [inner_products(encoded.fields_BFD)] if self.inner else []
        parts += [summed_outer_products(encoded.fields_BFD)] if self.outer else []
        return Read(torch.cat(parts, dim=1))
