"""Vectors that were trained elsewhere; they stay as they are, or are trained on from there."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.nn.mlp import linear
from recmtl.schema import FIRST_ID


class PretrainedVectors(nn.Module):
    """ids_BV -> e_BI: for each feature, whether it has a vector, then the vector (zero where it has none, if it is not
    trained).
    """

    def __init__(self, vectors: Sequence[NDArray[np.float32]], train: bool = False) -> None:
        super().__init__()
        self.train_vectors = train
        self.names = [f"vectors_{i}" for i in range(len(vectors))]
        for name, table in zip(self.names, vectors, strict=True):
            if train:
                self.register_parameter(name, nn.Parameter(torch.tensor(table)))  # a copy: the caller's stay
            else:
                # of the split, not of the model: a checkpoint does not carry them
                self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(table)), persistent=False)
        self.out_dim = sum(table.shape[1] + 1 for table in vectors)

    def forward(self, ids_BV: Tensor) -> Tensor:
        """Look up."""
        found = []
        for i, vector_BI in enumerate(self.each(ids_BV)):
            found += [(ids_BV[:, i] >= FIRST_ID).float().unsqueeze(1), vector_BI]
        return torch.cat(found, dim=1)

    def each(self, ids_BV: Tensor) -> list[Tensor]:
        """Each feature's vector_BI."""
        ids_VB = ids_BV.long().unbind(1)
        if self.train_vectors:
            return [F.embedding(ids_B, table, sparse=True) for ids_B, table in zip(ids_VB, self.tables(), strict=True)]
        return [self.get_buffer(name)[ids_B] for ids_B, name in zip(ids_VB, self.names, strict=True)]

    def tables(self) -> list[nn.Parameter]:
        """The vectors that are trained, whose gradients are sparse."""
        return [self.get_parameter(name) for name in self.names if self.train_vectors]


class ProjectedVectors(PretrainedVectors):
    """ids_BV -> fields_BVW: e P + b, P and b learnt, for each feature; b alone where it has no vector.

    W holds `columns` columns, `dim` for each copy, then so many as `zeros` says, which start there.
    """

    def __init__(
        self, vectors: Sequence[NDArray[np.float32]], columns: int, dim: int, zeros: int = 0, train: bool = False
    ) -> None:
        super().__init__(vectors, train)
        self.projections = nn.ModuleList(linear(table.shape[1], columns + zeros) for table in vectors)
        with torch.no_grad():
            for projection in self.projections:
                for weight_DI in projection.get_parameter("weight")[:columns].split(dim):
                    nn.init.xavier_normal_(weight_DI)  # its scale is that of one copy
                projection.get_parameter("weight")[columns:].zero_()
        self.out_dim = 0

    def forward(self, ids_BV: Tensor) -> Tensor:
        """A field for each feature."""
        pairs = zip(self.projections, self.each(ids_BV), strict=True)
        return torch.stack([projection(vector_BI).float() for projection, vector_BI in pairs], dim=1)
