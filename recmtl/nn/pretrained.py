"""Vectors that were trained elsewhere and stay as they are."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recmtl.schema import FIRST_ID


class PretrainedVectors(nn.Module):
    """ids_BV -> e_BI: for each feature, whether it has a vector, then the vector (zero where it has none)."""

    def __init__(self, vectors: Sequence[NDArray[np.float32]]) -> None:
        super().__init__()
        self.names = [f"vectors_{i}" for i in range(len(vectors))]
        for name, table in zip(self.names, vectors, strict=True):
            # of the split, not of the model: a checkpoint does not carry them
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(table)), persistent=False)
        self.out_dim = sum(table.shape[1] + 1 for table in vectors)

    def forward(self, ids_BV: Tensor) -> Tensor:
        """Look up; nothing is learnt here."""
        found = []
        for i, name in enumerate(self.names):
            ids_B = ids_BV[:, i].long()
            found += [(ids_B >= FIRST_ID).float().unsqueeze(1), self.get_buffer(name)[ids_B]]
        return torch.cat(found, dim=1)
