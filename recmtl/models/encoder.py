"""Batch to vectors: embeddings of ids, pooled sequences, numbers both as a category and piecewise linear."""

from collections.abc import Mapping
from dataclasses import dataclass
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
    """Features with an embedding: those with one id, then the pooled sequences."""
    dense_BK: Tensor
    """Numbers, piecewise linear, then vectors that were trained elsewhere; no columns if there are neither."""
    domain_B: Tensor

    def flat(self) -> Tensor:
        """x_BI: all of it side by side."""
        return torch.cat([self.fields_BFD.flatten(1), self.dense_BK], dim=1)


class Encoder(nn.Module):
    """Batch -> Encoded, in the schema's order of features."""

    first_F: Tensor

    def __init__(
        self,
        config: EncoderConfig,
        schema: Schema,
        seed: int,
        vectors: Mapping[str, NDArray[np.float32]] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self.unseen_rate = config.unseen_rate
        plain = config.numbers == "plain"
        embedded = [f for f in schema.embedded if not (plain and isinstance(f, NumberFeature))]
        self.sequence_tables = [feature.table for feature in schema.sequences]
        tables = {*self.sequence_tables, *(feature.table for feature in embedded)}
        rows = {table: rows for table, rows in schema.tables.items() if table in tables}
        self.embeddings = Embeddings(rows, config.embedding_dim, seed, config.initial_scale)
        self.register_buffer("first_F", self.embeddings.first_rows([f.table for f in embedded]), persistent=False)
        self.embedded_at = [schema.singles.index(feature) for feature in embedded]
        self.vectors_at = [schema.singles.index(feature) for feature in schema.vectors]
        kind = PlainNumbers if plain else PiecewiseLinear
        self.numbers = kind([f.knots for f in schema.numbers]) if schema.numbers else None
        self.vectors = PretrainedVectors([vectors[f.name] for f in schema.vectors]) if schema.vectors else None
        self.dim, self.num_fields = config.embedding_dim, len(embedded) + len(schema.sequences)
        dense = [part.out_dim for part in (self.numbers, self.vectors) if part]
        self.flat_dim = self.num_fields * self.dim + sum(dense)

    def forward(self, batch: Batch) -> Encoded:
        """Look up, pool and encode."""
        fields_BFD = self.embeddings.single(self._dropped(picked(batch.ids_BF, self.embedded_at)), self.first_F)
        pooled = [
            self.embeddings.pooled(Ragged(self._dropped(column.values_L), column.offsets), table)
            for column, table in zip(batch.sequences, self.sequence_tables, strict=True)
        ]
        if pooled:
            fields_BFD = torch.cat([fields_BFD, torch.stack(pooled, dim=1)], dim=1)
        return Encoded(fields_BFD, self._dense(batch, fields_BFD), batch.domain_B)

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
