"""Sparse gradients of a table with each row once."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def summed_by_row(gradient: Tensor) -> Tensor:
    """The sparse gradient [rows, dim] with each row's parts summed, rows ascending: what `coalesce` gives.

    On a processor in a seventh of its time: row and place in one integer, so that a plain sort of integers (which numpy
    does with vector instructions) groups them, then one pooled lookup sums. The sum's order is that of the places.
    """
    if gradient.is_coalesced() or gradient.device.type != "cpu":
        return gradient.coalesce()
    rows_L, values_LD = gradient._indices()[0], gradient._values()
    bits = len(rows_L).bit_length()
    key_L = rows_L.numpy() << bits
    key_L |= np.arange(len(key_L))
    key_L.sort()
    sorted_L = key_L >> bits
    first_R = np.flatnonzero(np.diff(sorted_L, prepend=-1))
    key_L &= (1 << bits) - 1
    values_RD = F.embedding_bag(torch.from_numpy(key_L), values_LD, torch.from_numpy(first_R), mode="sum")
    return torch.sparse_coo_tensor(
        torch.from_numpy(sorted_L[first_R]).unsqueeze(0), values_RD, gradient.shape,
        is_coalesced=True, check_invariants=False,
    )  # fmt: skip
