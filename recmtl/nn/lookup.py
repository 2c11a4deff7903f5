"""The features whose tables have one width, looked up together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn

from recmtl.batch import Ragged
from recmtl.nn.embedding import Embeddings
from recmtl.nn.padded import Padded, padded_ids
from recmtl.nn.picked import picked
from recmtl.nn.pooling import AttentionPooling, max_pooled, mean_pooled
from recmtl.nn.widening import Widening

Pooling = Literal["mean", "sum", "max", "attention", "target"]


@dataclass(frozen=True, slots=True)
class Single:
    """A feature with one id a row."""

    name: str
    place: int
    """Its column of ids_BF; of a sequence its place among the sequences."""
    table: str


@dataclass(frozen=True, slots=True)
class Pooled(Single):
    """A sequence feature."""

    pooling: Pooling = "mean"
    target: int | None = None
    """The single feature, by its place in the lookup, towards which `target` attends."""


class Lookup(Embeddings):
    """ids -> fields_BFW: the features with one id, then the pooled sequences.

    A row of a table holds `copies` vectors, `dim` wide, then so many columns as `zeros` says. Vectors that are narrower
    than `out_dim` are brought to it, after they were pooled.
    """

    first_F: Tensor

    def __init__(
        self, tables: Mapping[str, int], singles: Sequence[Single], sequences: Sequence[Pooled], dim: int, out_dim: int,
        seed: int, scale: float = 1.0, copies: int = 1, zeros: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(tables, dim, seed, scale, copies, zeros)
        self.names = tuple(feature.name for feature in (*singles, *sequences))
        self.columns, self.sequences = copies * dim, tuple(sequences)
        self.register_buffer("first_F", self.first_rows([feature.table for feature in singles]), persistent=False)
        self.places = [feature.place for feature in singles]
        self.attention = nn.ModuleDict(
            {
                str(i): AttentionPooling(copies, dim)
                for i, feature in enumerate(sequences)
                if feature.pooling in ("attention", "target")
            }
        )
        self.tables_F = [list(tables).index(feature.table) for feature in (*singles, *sequences)]
        self.widening = None if dim == out_dim else Widening(len(tables), copies, dim, out_dim)

    def forward(self, ids_BF: Tensor, sequences: Sequence[Ragged]) -> Tensor:
        """Look up and pool; sequences as in the schema."""
        fields_BFW = self.single(picked(ids_BF, self.places), self.first_F)
        if self.sequences:
            pooled = [self._pooled(i, sequences[feature.place], fields_BFW) for i, feature in enumerate(self.sequences)]
            fields_BFW = torch.cat([fields_BFW, torch.stack(pooled, dim=1)], dim=1)
        return fields_BFW if self.widening is None else self.widening(fields_BFW, self.tables_F)

    def padded(self, ids: Ragged, table: str) -> Padded:
        """A sequence before it is pooled, without the columns of `zeros`."""
        ids_BL, known_BL = padded_ids(ids)
        vectors_BLW = self.single(ids_BL, self.first_rows([table]).to(ids_BL.device))[..., : self.columns]
        if self.widening is not None:
            fields_N1W = self.widening(vectors_BLW.flatten(0, 1).unsqueeze(1), [list(self.first).index(table)])
            vectors_BLW = fields_N1W.unflatten(0, ids_BL.shape).squeeze(2)
        return Padded(vectors_BLW * known_BL.unsqueeze(-1), known_BL)

    def _pooled(self, i: int, ids: Ragged, singles_BFW: Tensor) -> Tensor:
        feature = self.sequences[i]
        if feature.pooling == "mean" or feature.pooling == "sum":
            return self.pooled(ids, feature.table, feature.pooling)
        vectors_LW = self.each(ids, feature.table)
        deep_LD = vectors_LW[:, : self.columns]
        if feature.pooling == "max":
            pooled_BD = max_pooled(deep_LD, ids.offsets)
        else:
            target_BD = None if feature.target is None else singles_BFW[:, feature.target, : self.columns]
            pooled_BD = cast(Tensor, self.attention[str(i)](deep_LD, ids.offsets, target_BD))
        if vectors_LW.shape[1] == self.columns:
            return pooled_BD
        # weights in a linear sum are averaged whatever the vectors are
        return torch.cat([pooled_BD, mean_pooled(vectors_LW[:, self.columns :], ids.offsets)], dim=1)
