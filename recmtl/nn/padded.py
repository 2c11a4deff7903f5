"""Lists of ids as rectangles, for what looks at each of a row's ids."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from recmtl.batch import Ragged


@dataclass(frozen=True, slots=True)
class Padded:
    """Vectors of the ids of a ragged column, each row's from its beginning."""

    vectors_BLD: Tensor
    """L is the length of the longest row, at least 1; zero behind a row's end."""
    known_BL: Tensor
    """bool: where there is an id."""

    def mean(self) -> Tensor:
        """mean_BD of each row's vectors; zero for a row without any."""
        return total(self.vectors_BLD) / self.known_BL.sum(1, keepdim=True).clamp(min=1)

    def rows(self, index_B: Tensor) -> "Padded":
        """The rows `index_B`, in that order."""
        return Padded(self.vectors_BLD.index_select(0, index_B), self.known_BL.index_select(0, index_B))

    def split(self, rows: list[int]) -> list["Padded"]:
        """One after the other, so many rows each."""
        return [Padded(*parts) for parts in zip(self.vectors_BLD.split(rows), self.known_BL.split(rows), strict=True)]


def padded_ids(ids: Ragged) -> tuple[Tensor, Tensor]:
    """ids_BL, 0 behind a row's end, and known_BL."""
    starts_B, lengths_B = ids.offsets[:-1], ids.offsets.diff()
    longest = max(int(lengths_B.max()), 1) if len(lengths_B) else 1
    place_L = torch.arange(longest, device=starts_B.device)
    known_BL = place_L < lengths_B.unsqueeze(1)
    if not len(ids.values_L):
        return known_BL.to(ids.values_L.dtype), known_BL
    index_BL = (starts_B.unsqueeze(1) + place_L).clamp(max=len(ids.values_L) - 1)
    return ids.values_L[index_BL] * known_BL, known_BL


def total(values_BLD: Tensor) -> Tensor:
    """sum_BD over the places. Zeros behind a row's end change nothing, its last bits included: else what is said of a
    row would depend on how long the rows beside it are.
    """
    length = values_BLD.shape[1]
    values_BLD = F.pad(values_BLD, (0, 0, 0, (1 << (length - 1).bit_length()) - length))
    while values_BLD.shape[1] > 1:  # the second half of zeros leaves the first one as it is
        first, second = values_BLD.chunk(2, dim=1)
        values_BLD = first + second
    return values_BLD[:, 0]
