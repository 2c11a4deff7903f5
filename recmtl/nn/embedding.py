"""Embedding tables kept as one, so that all features are looked up in one go, with sparse gradients."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.batch import Ragged


class Embeddings(nn.Module):
    """Tables by name in one weight; a feature reads the table it names. They start uniformly between -scale and scale
    over sqrt(dim). A row holds `copies` vectors side by side, then so many columns as `zeros` says, which start there.

    A table's start is a function of (seed, name) and of the row alone: a table that grows keeps the rows it had.
    """

    def __init__(
        self, tables: Mapping[str, int], dim: int, seed: int, scale: float = 1.0, copies: int = 1, zeros: int = 0
    ) -> None:
        super().__init__()
        self.first: dict[str, int] = {}
        total, columns = 0, copies * dim
        for name, rows in tables.items():
            self.first[name] = total
            total += rows
        self.weight = nn.Parameter(torch.empty(total, columns + zeros))
        starts = {name: self.weight.detach()[self.first[name] :][:rows] for name, rows in tables.items()}
        with ThreadPoolExecutor(torch.get_num_threads()) as threads:
            list(threads.map(lambda name: _draw(starts[name], seed, name), starts))
        self.weight.detach()[:, :columns].mul_(scale * dim**-0.5)
        self.weight.detach()[:, columns:].zero_()

    def single(self, ids_BF: Tensor, first_F: Tensor) -> Tensor:
        """vectors_BFD of features with one id a row; `first_F` is where each one's table begins."""
        return F.embedding(ids_BF + first_F, self.weight, sparse=True)

    def pooled(self, ids: Ragged, table: str, mode: Literal["mean", "sum"] = "mean") -> Tensor:
        """mean_BD or sum_BD over each row's ids, of their true number; zero for a row without any."""
        values_L = ids.values_L.long() + self.first[table]
        return F.embedding_bag(values_L, self.weight, ids.offsets, mode=mode, sparse=True, include_last_offset=True)

    def each(self, ids: Ragged, table: str) -> Tensor:
        """vectors_LD of all ids."""
        return F.embedding(ids.values_L.long() + self.first[table], self.weight, sparse=True)

    def first_rows(self, tables: Sequence[str]) -> Tensor:
        """Where the tables begin, int64."""
        return torch.tensor([self.first[table] for table in tables], dtype=torch.int64)


def _draw(table: Tensor, seed: int, name: str) -> None:
    """Fill a table's rows, uniformly between -1 and 1."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    # uniform draws one value after the other, so a longer table begins with the shorter one (normal draws in blocks)
    table.uniform_(-1, 1, generator=generator)
