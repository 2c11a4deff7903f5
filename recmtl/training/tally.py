"""Counts of what a model's split did not know of the rows it scores: missing values, values without an id of their
own, domains.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from recmtl.schema import MISSING, UNSEEN, NumberFeature, Schema, SequenceFeature

MAX_VALUES = 1000
"""Unknown values that are counted one by one; there may be as many as rows."""


@dataclass
class Tally:
    """Grows with each encoded batch."""

    schema: Schema
    rows: int = 0
    values: Counter[str] = field(default_factory=Counter)
    """Of a sequence, its ids; of any other feature, its rows."""
    missing: Counter[str] = field(default_factory=Counter)
    """Rows without a value."""
    unseen: Counter[str] = field(default_factory=Counter)
    """Values without an id of their own. Of a number nobody counts them: it is also read between its knots."""
    domains: Counter[int] = field(default_factory=Counter)
    """Rows by the index of the domain they are scored in."""

    def add(self, encoded: pa.Table, domain_B: np.ndarray) -> None:
        """Count a batch, given as `Scorer.encode` gives it."""
        self.rows += len(encoded)
        self.domains.update(dict(zip(*map(np.ndarray.tolist, np.unique(domain_B, return_counts=True)), strict=True)))
        for feature in self.schema.features:
            column = encoded[feature.column].combine_chunks()
            if isinstance(feature, SequenceFeature):
                self.missing[feature.name] += int((np.diff(column.offsets.to_numpy()) == 0).sum())
                ids = column.flatten().to_numpy()
            else:
                ids = column.to_numpy()
                self.missing[feature.name] += int((ids == MISSING).sum())
            self.values[feature.name] += len(ids)
            if not isinstance(feature, NumberFeature):
                self.unseen[feature.name] += int((ids == UNSEEN).sum())

    def unseen_of_known(self, feature: str) -> float:
        """The share of unseen values among those that are not missing; 0 for a number."""
        sequence = any(f.name == feature for f in self.schema.sequences)
        there = self.values[feature] - (0 if sequence else self.missing[feature])
        return _share(self.unseen.get(feature, 0), there)

    def features(self) -> list[dict[str, Any]]:
        """Counts and shares of each feature, those with the largest shares first."""
        found = [self._feature(feature.name, feature.kind) for feature in self.schema.features]
        return sorted(found, key=lambda counts: -max(counts["missing_share"], counts["unseen_share"] or 0.0))

    def _feature(self, name: str, kind: str) -> dict[str, Any]:
        missing, unseen = self.missing[name], self.unseen.get(name)
        return {
            "feature": name,
            "kind": kind,
            "missing": missing,
            "missing_share": _share(missing, self.rows),
            "unseen": unseen,
            "unseen_share": None if unseen is None else _share(unseen, self.values[name]),
        }


@dataclass
class ValueCounts:
    """How often each value came; beyond MAX_VALUES different ones, new ones are counted together."""

    counts: Counter[str] = field(default_factory=Counter)
    others: int = 0

    def add(self, values: pa.StringArray) -> None:
        """Count the values that are not null."""
        for item in values.value_counts().to_pylist():
            value, count = item["values"], item["counts"]
            if value is None:
                continue
            if value in self.counts or len(self.counts) < MAX_VALUES:
                self.counts[value] += count
            else:
                self.others += count

    @property
    def total(self) -> int:
        """All of them."""
        return self.counts.total() + self.others


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0
