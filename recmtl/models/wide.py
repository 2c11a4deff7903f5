"""The wide part (Cheng et al., DLRS 2016): a linear model beside the deep one, for each task."""

from typing import cast

from torch import Tensor, nn

from recmtl.models.encoder import Encoded, Encoder
from recmtl.nn.mlp import linear
from recmtl.nn.single import single


class Wide(nn.Module):
    """Encoded -> wide_BT: the weights of the row's ids, and a linear of its numbers and vectors; all start at zero."""

    def __init__(self, encoder: Encoder, tasks: int) -> None:
        super().__init__()
        self.dense = linear(encoder.dense_dim, tasks, bias=False) if encoder.dense_dim else None
        if self.dense is not None:
            nn.init.zeros_(self.dense.weight)

    def forward(self, encoded: Encoded) -> Tensor:
        """The ids' weights lie beside their vectors: see `InteractionConfig.wide`."""
        ids_BT = cast(Tensor, encoded.wide_BT)
        return ids_BT if self.dense is None else ids_BT + single(self.dense, encoded.dense_BK)
