"""Batch to vectors: embeddings of ids, pooled sequences, numbers both as a category and piecewise linear."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recmtl.batch import Batch, Ragged
from recmtl.models.encoder_config import EncoderConfig as EncoderConfig
from recmtl.models.lookups import lookups
from recmtl.nn.linear_numbers import LinearNumbers
from recmtl.nn.lookup import Lookup
from recmtl.nn.padded import Padded
from recmtl.nn.picked import picked
from recmtl.nn.piecewise import PiecewiseLinear
from recmtl.nn.plain_numbers import PlainNumbers
from recmtl.nn.pretrained import PretrainedVectors, ProjectedVectors
from recmtl.schema import FIRST_ID, UNSEEN, Schema


@dataclass(frozen=True)
class Encoded:
    """What the interaction and the sharing read."""

    fields_BFD: Tensor
    """Features with an embedding: those with one id, then the pooled sequences; then numbers that enter linearly and
    vectors that are projected. D holds all copies of the tables.
    """
    dense_BK: Tensor
    """Numbers, piecewise linear, then plain ones, then vectors that were trained elsewhere, but for those that are
    fields; no columns if there are none.
    """
    domain_B: Tensor
    wide_BT: Tensor | None = None
    """For each task the sum of the weights that the row's fields have for it (of an id, of a number times the number,
    ...); None if the interaction reads none."""
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

    Raises:
        ConfigError: the config asks of a feature what it cannot be.
    """

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
        self.unseen_rate, self.dim, self.wide, self.unpooled = config.unseen_rate, config.embedding_dim, wide, unpooled
        self.columns = copies * self.dim
        self.embeddings, *narrower = lookups(config, schema, seed, copies, wide)
        self.narrower = nn.ModuleList(narrower)
        looked_up = [feature.name for feature in (*config.embedded(schema), *schema.sequences)]
        names = [name for lookup in (self.embeddings, *narrower) for name in lookup.names]
        self.order = [names.index(name) for name in looked_up]
        self.embedded_at = [schema.singles.index(feature) for feature in config.embedded(schema)]
        self.sequence_tables = [feature.table for feature in schema.sequences]
        self.numbers, self.numbers_at = self._numbers(config, schema)
        self.vectors_at = [schema.singles.index(feature) for feature in schema.vectors]
        self.projected = config.vectors == "projected"
        self.vectors = self._vectors([vectors[f.name] for f in schema.vectors], config) if schema.vectors else None
        linear = [schema.numbers[place].name for place in self.numbers_at.get("linear", ())]
        self.fields = (*looked_up, *linear, *(feature.name for feature in schema.vectors if self.projected))
        parts = [*self.numbers.values(), *filter(None, [self.vectors])]
        self.dense_dim = sum(cast(int, part.out_dim) for part in parts)
        self.flat_dim = len(self.fields) * self.dim + self.dense_dim

    def _numbers(self, config: EncoderConfig, schema: Schema) -> tuple[nn.ModuleDict, dict[str, list[int]]]:
        """The layer for each way in which numbers enter, and the places of these numbers."""
        ways: dict[str, Callable[[list[tuple[float, ...]]], nn.Module]] = {
            "encoded": PiecewiseLinear,
            "plain": PlainNumbers,
            "linear": partial(
                LinearNumbers, columns=self.columns, scale=config.initial_scale * self.dim**-0.5, zeros=self.wide
            ),
        }
        kinds = config.number_kinds(schema)
        of_way = {way: [at for at, number in enumerate(schema.numbers) if kinds[number.name] == way] for way in ways}
        places = {way: at for way, at in of_way.items() if at}
        layers = {way: ways[way]([schema.numbers[place].knots for place in at]) for way, at in places.items()}
        return nn.ModuleDict(layers), places

    def _vectors(self, vectors: Sequence[NDArray[np.float32]], config: EncoderConfig) -> PretrainedVectors:
        if self.projected:
            return ProjectedVectors(vectors, self.columns, self.dim, self.wide, config.train_vectors)
        return PretrainedVectors(vectors, config.train_vectors)

    def tables(self) -> list[nn.Parameter]:
        """Every weight whose gradient is sparse: the tables of each width, and the vectors that are trained."""
        return [*(lookup.weight for lookup in self._lookups()), *(self.vectors.tables() if self.vectors else ())]

    def _lookups(self) -> Iterator[Lookup]:
        yield self.embeddings
        for narrower in self.narrower:
            yield cast(Lookup, narrower)

    def forward(self, batch: Batch) -> Encoded:
        """Look up, pool and encode."""
        ids_BF = self._dropped(picked(batch.ids_BF, self.embedded_at))
        sequences = [Ragged(self._dropped(column.values_L), column.offsets) for column in batch.sequences]
        fields_BFD = self.embeddings(ids_BF, sequences)
        if self.narrower:
            every = [fields_BFD, *(narrower(ids_BF, sequences) for narrower in self.narrower)]
            fields_BFD = picked(torch.cat(every, dim=1), self.order)
        fields, dense = self._numbers_and_vectors(batch)
        if fields:
            fields_BFD = torch.cat([fields_BFD, *fields], dim=1)
        dense_BK = torch.cat(dense, dim=1) if dense else fields_BFD.new_empty(len(batch), 0)
        wide_BT = None
        if self.wide:
            wide_BT, fields_BFD = fields_BFD[..., self.columns :].sum(1), fields_BFD[..., : self.columns]
        tables = zip(sequences, self.sequence_tables, strict=True)
        unpooled = tuple(self._padded(sequence, table) for sequence, table in tables if self.unpooled)
        return Encoded(fields_BFD, dense_BK, batch.domain_B, wide_BT, unpooled)

    def _numbers_and_vectors(self, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """What they add to the fields, and to the dense columns."""
        fields: list[Tensor] = []
        dense: list[Tensor] = []
        for kind, part in self.numbers.items():
            (fields if kind == "linear" else dense).append(part(picked(batch.numbers_BN, self.numbers_at[kind])))
        if self.vectors is not None:
            (fields if self.projected else dense).append(self.vectors(picked(batch.ids_BF, self.vectors_at)))
        return fields, dense

    def _padded(self, sequence: Ragged, table: str) -> Padded:
        return next(lookup for lookup in self._lookups() if table in lookup.first).padded(sequence, table)

    def _dropped(self, ids: Tensor) -> Tensor:
        """In training a small share of the real ids becomes the unseen one."""
        if not self.training or not self.unseen_rate:
            return ids
        chance = torch.rand(ids.shape, device=ids.device)
        return ids.masked_fill((chance < self.unseen_rate) & (ids >= FIRST_ID), UNSEEN)
