"""Batch to vectors: embeddings of ids, pooled sequences, numbers both as a category and piecewise linear."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn

from recmtl.batch import Batch, Ragged
from recmtl.config import Config
from recmtl.nn.embedding import Embeddings
from recmtl.nn.padded import Padded, padded_ids
from recmtl.nn.picked import picked
from recmtl.nn.piecewise import PiecewiseLinear
from recmtl.nn.plain_numbers import PlainNumbers
from recmtl.nn.pretrained import PretrainedVectors
from recmtl.schema import FIRST_ID, UNSEEN, NumberFeature, Schema


class EncoderConfig(Config):
    """How features become vectors."""

    embedding_dim: PositiveInt = 16
    """Width of the vectors in every embedding table."""
    initial_scale: PositiveFloat = 1.0
    """Vectors start uniformly between this over sqrt(embedding_dim) and its negative. Ids that come a few times learn
    better from a small start, such as 0.1.
    """
    unseen_rate: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Share of ids that training replaces by the unseen one, so that its vector is trained."""
    numbers: Literal["encoded", "plain"] = "encoded"
    """How a number enters: encoded as a category and piecewise linearly, or as one plain, standardised value."""


@dataclass(frozen=True)
class Encoded:
    """What the interaction and the sharing read."""

    fields_BFD: Tensor
    """Features with an embedding: those with one id, then the pooled sequences. D holds all copies of the tables."""
    dense_BK: Tensor
    """Numbers, piecewise linear, then vectors that were trained elsewhere; no columns if there are neither."""
    domain_B: Tensor
    wide_BT: Tensor | None = None
    """For each task the sum of the weights that the row's ids have for it; None if the interaction reads none."""
    sequences: tuple[Padded, ...] = ()
    """Each sequence feature before it is pooled; none if neither the interaction nor the sharing reads them."""

    def rows(self, index_B: Tensor) -> "Encoded":
        """The rows `index_B`, in that order."""
        wide_BT = None if self.wide_BT is None else self.wide_BT.index_select(0, index_B)
        fields_BFD, dense_BK = self.fields_BFD.index_select(0, index_B), self.dense_BK.index_select(0, index_B)
        sequences = tuple(sequence.rows(index_B) for sequence in self.sequences)
        return Encoded(fields_BFD, dense_BK, self.domain_B.index_select(0, index_B), wide_BT, sequences)

    def split(self, rows: list[int]) -> list["Encoded"]:
        """One after the other, so many rows each."""
        wide = [None] * len(rows) if self.wide_BT is None else self.wide_BT.split(rows)
        sequences = [sequence.split(rows) for sequence in self.sequences]
        of_each = zip(
            self.fields_BFD.split(rows), self.dense_BK.split(rows), self.domain_B.split(rows), wide, strict=True
        )
        return [Encoded(*values, tuple(parts[i] for parts in sequences)) for i, values in enumerate(of_each)]

    def copy(self, place: int, dim: int) -> "Encoded":
        """What one copy of the tables gives: its `dim` columns of the fields."""
        columns = slice(place * dim, (place + 1) * dim)
        sequences = tuple(replace(part, vectors_BLD=part.vectors_BLD[..., columns]) for part in self.sequences)
        return replace(self, fields_BFD=self.fields_BFD[..., columns], sequences=sequences)

    def flat(self) -> Tensor:
        """x_BI: all of it side by side."""
        return torch.cat([self.fields_BFD.flatten(1), self.dense_BK], dim=1)


class Encoder(nn.Module):
    """Batch -> Encoded, in the schema's order of features.

    Args:
        config: the section.
        schema: of the rows.
        seed: of the tables' start.
        vectors: vectors_RV of each vector feature.
        copies: of the tables.
        wide: tasks for which each id has a weight beside its vector.
        unpooled: whether `Encoded.sequences` are wanted.
    """

    first_F: Tensor

    def __init__(
        self,
        config: EncoderConfig,
        schema: Schema,
        seed: int,
        vectors: Mapping[str, NDArray[np.float32]] = MappingProxyType({}),
        copies: int = 1,
        wide: int = 0,
        unpooled: bool = False,
    ) -> None:
        super().__init__()
        self.unseen_rate = config.unseen_rate
        plain = config.numbers == "plain"
        embedded = [f for f in schema.embedded if not (plain and isinstance(f, NumberFeature))]
        self.sequence_tables = [feature.table for feature in schema.sequences]
        tables = {*self.sequence_tables, *(feature.table for feature in embedded)}
        rows = {table: rows for table, rows in schema.tables.items() if table in tables}
        self.embeddings = Embeddings(rows, config.embedding_dim, seed, config.initial_scale, copies, wide)
        self.register_buffer("first_F", self.embeddings.first_rows([f.table for f in embedded]), persistent=False)
        self.embedded_at = [schema.singles.index(feature) for feature in embedded]
        self.vectors_at = [schema.singles.index(feature) for feature in schema.vectors]
        kind = PlainNumbers if plain else PiecewiseLinear
        self.numbers = kind([f.knots for f in schema.numbers]) if schema.numbers else None
        self.vectors = PretrainedVectors([vectors[f.name] for f in schema.vectors]) if schema.vectors else None
        self.dim, self.columns, self.wide, self.unpooled = (
            config.embedding_dim,
            copies * config.embedding_dim,
            wide,
            unpooled,
        )
        self.fields = tuple(feature.name for feature in (*embedded, *schema.sequences))
        dense = [part.out_dim for part in (self.numbers, self.vectors) if part]
        self.dense_dim = sum(dense)
        self.flat_dim = len(self.fields) * self.dim + self.dense_dim

    def forward(self, batch: Batch) -> Encoded:
        """Look up, pool and encode."""
        fields_BFD = self.embeddings.single(self._dropped(picked(batch.ids_BF, self.embedded_at)), self.first_F)
        sequences = [Ragged(self._dropped(column.values_L), column.offsets) for column in batch.sequences]
        tables = list(zip(sequences, self.sequence_tables, strict=True))
        if tables:
            pooled = [self.embeddings.pooled(sequence, table) for sequence, table in tables]
            fields_BFD = torch.cat([fields_BFD, torch.stack(pooled, dim=1)], dim=1)
        dense_BK, wide_BT = self._dense(batch, fields_BFD), None
        if self.wide:
            wide_BT, fields_BFD = fields_BFD[..., self.columns :].sum(1), fields_BFD[..., : self.columns]
        unpooled = tuple(self._unpooled(sequence, table) for sequence, table in tables if self.unpooled)
        return Encoded(fields_BFD, dense_BK, batch.domain_B, wide_BT, unpooled)

    def _unpooled(self, sequence: Ragged, table: str) -> Padded:
        ids_BL, known_BL = padded_ids(sequence)
        vectors_BLD = self.embeddings.single(ids_BL, self.embeddings.first_rows([table]).to(ids_BL.device))
        return Padded(vectors_BLD[..., : self.columns] * known_BL.unsqueeze(-1), known_BL)

    def _dense(self, batch: Batch, like: Tensor) -> Tensor:
        dense = [self.numbers(batch.numbers_BN)] if self.numbers else []
        dense += [self.vectors(picked(batch.ids_BF, self.vectors_at))] if self.vectors else []
        return torch.cat(dense, dim=1) if dense else like.new_empty(len(batch), 0)

    def _dropped(self, ids: Tensor) -> Tensor:
        """In training a small share of the real ids becomes the unseen one."""
        if not self.training or not self.unseen_rate:
            return ids
        chance = torch.rand(ids.shape, device=ids.device)
        return ids.masked_fill((chance < self.unseen_rate) & (ids >= FIRST_ID), UNSEEN)
