"""What every forward speaks: a batch of rows as tensors, sliced from columns, never collated row by row.

The project's shape legend, used as suffixes of tensor names everywhere: B rows · F fields (features with an
embedding) · N numbers · K knots · D embedding size · I input width · H hidden width · O output width · E experts ·
T tasks · R routes (`models.routes`) · C copies of the tables · L ids in a ragged column
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Ragged:
    """A column of lists: row i holds values_L[offsets[i] : offsets[i + 1]]."""

    values_L: Tensor
    offsets: Tensor
    """int64 [B + 1], from 0 to L."""

    def to(self, device: torch.device) -> "Ragged":
        """The same on a device."""
        return Ragged(_sent(self.values_L, device), _sent(self.offsets, device))

    def take(self, index_B: Tensor) -> "Ragged":
        """The rows `index_B`, in that order."""
        starts_B = self.offsets.index_select(0, index_B)
        lengths_B = self.offsets.index_select(0, index_B + 1) - starts_B
        offsets = torch.zeros(len(index_B) + 1, dtype=torch.int64)
        torch.cumsum(lengths_B, 0, out=offsets[1:])
        shift_L = torch.repeat_interleave(starts_B - offsets[:-1], lengths_B)
        return Ragged(self.values_L.index_select(0, shift_L + torch.arange(len(shift_L))), offsets)

    def span(self, start: int, stop: int) -> "Ragged":
        """The rows from `start` to before `stop`; the values are not copied."""
        offsets = self.offsets[start : stop + 1]
        first, last = int(offsets[0]), int(offsets[-1])
        return Ragged(self.values_L[first:last], offsets - first)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as columns; a whole split is one too. The order of fields, numbers, tasks is the schema's."""

    ids_BF: Tensor
    """int32: one id for each feature with a single value."""
    numbers_BN: Tensor
    """float32, NaN where missing."""
    sequences: tuple[Ragged, ...]
    """One for each sequence feature."""
    labels_BT: Tensor
    """float32, 0 where not observed."""
    observed_BT: Tensor
    """bool: the row counts for this task."""
    domain_B: Tensor
    """int64: index of the domain."""
    weight_B: Tensor
    """float32: how much the row counts in training."""

    def __len__(self) -> int:
        return len(self.domain_B)

    def take(self, index_B: Tensor) -> "Batch":
        """The rows `index_B` (int64), in that order."""
        # index_select copies whole rows; indexing goes value by value, and takes four times as long
        return Batch(
            self.ids_BF.index_select(0, index_B),
            self.numbers_BN.index_select(0, index_B),
            tuple(column.take(index_B) for column in self.sequences),
            self.labels_BT.index_select(0, index_B),
            self.observed_BT.index_select(0, index_B),
            self.domain_B.index_select(0, index_B),
            self.weight_B.index_select(0, index_B),
        )

    def span(self, start: int, stop: int) -> "Batch":
        """The rows from `start` to before `stop`: views, nothing is copied but the offsets of sequences."""
        return Batch(
            self.ids_BF[start:stop],
            self.numbers_BN[start:stop],
            tuple(column.span(start, stop) for column in self.sequences),
            self.labels_BT[start:stop],
            self.observed_BT[start:stop],
            self.domain_B[start:stop],
            self.weight_B[start:stop],
        )

    def to(self, device: torch.device) -> "Batch":
        """The same rows on a device; nothing is copied that lies there."""
        if self.domain_B.device == device:
            return self
        return Batch(
            _sent(self.ids_BF, device),
            _sent(self.numbers_BN, device),
            tuple(column.to(device) for column in self.sequences),
            _sent(self.labels_BT, device),
            _sent(self.observed_BT, device),
            _sent(self.domain_B, device),
            _sent(self.weight_B, device),
        )

    def in_domain(self, domain: int) -> "Batch":
        """The same rows, as if all were of the domain with this index."""
        return replace(self, domain_B=torch.full_like(self.domain_B, domain))


def concat(batches: Sequence[Batch]) -> Batch:
    """All rows of all batches (at least one), in order."""
    if len(batches) == 1:
        return batches[0]
    return Batch(
        torch.cat([batch.ids_BF for batch in batches]),
        torch.cat([batch.numbers_BN for batch in batches]),
        tuple(concat_ragged(columns) for columns in zip(*(batch.sequences for batch in batches), strict=True)),
        torch.cat([batch.labels_BT for batch in batches]),
        torch.cat([batch.observed_BT for batch in batches]),
        torch.cat([batch.domain_B for batch in batches]),
        torch.cat([batch.weight_B for batch in batches]),
    )


def concat_ragged(columns: Sequence[Ragged]) -> Ragged:
    """All rows of all columns (at least one), in order."""
    if len(columns) == 1:
        return columns[0]
    lengths = torch.cat([column.offsets.diff() for column in columns])
    offsets = torch.zeros(len(lengths) + 1, dtype=torch.int64)
    torch.cumsum(lengths, 0, out=offsets[1:])
    return Ragged(torch.cat([column.values_L for column in columns]), offsets)


def _sent(tensor: Tensor, device: torch.device) -> Tensor:
    """From memory that is pinned, so that nobody waits for the copy."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
