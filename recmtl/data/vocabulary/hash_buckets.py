"""Texts to a fixed number of ids by a hash: nothing is fitted, and no text is unseen."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc

from recmtl.data.vocabulary.base import Vocabulary
from recmtl.schema import FIRST_ID, MISSING


@dataclass(frozen=True)
class HashBuckets(Vocabulary):
    """A text in bucket b has id b + FIRST_ID; texts that fall into one bucket share it."""

    columns: ClassVar = ("buckets",)

    buckets: int

    @property
    def rows(self) -> int:
        """Rows of an embedding table for it."""
        return self.buckets + FIRST_ID

    @property
    def rule(self) -> str:
        """The number of buckets says all."""
        return f"of {self.buckets:,} hash buckets"

    def encode(self, values: pa.Array) -> pa.Array:
        """int32 ids of texts: null is MISSING."""
        encoded = values.dictionary_encode()  # a hash for each text, not for each row
        texts = encoded.dictionary.cast(pa.binary()).to_pylist()
        ids = [FIRST_ID + bucket(text, self.buckets) for text in texts]
        return pc.fill_null(pa.array(ids, pa.int32()).take(encoded.indices), pa.scalar(MISSING, pa.int32()))

    def table(self) -> pa.Table:
        """One row: the number of buckets."""
        return pa.table({"buckets": pa.array([self.buckets], pa.int64())})

    @classmethod
    def of_table(cls, table: pa.Table) -> Self:
        """From the number of buckets."""
        return cls(table["buckets"][0].as_py())


def bucket(text: bytes, buckets: int) -> int:
    """The bucket of a text, given in UTF-8: its BLAKE2b hash of 8 bytes, as a big-endian integer, modulo `buckets`.

    Ids in splits, and what models learnt on them, depend on it: it must never change.
    """
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") % buckets
