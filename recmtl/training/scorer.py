"""Scores rows that no split holds: encoded as the model's split was, told their domain, predicted."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from recmtl.data.encoding import FeatureEncoder
from recmtl.data.loader import to_batch
from recmtl.models.model import Model
from recmtl.schema import Schema
from recmtl.training.predict import predict_rows

ANY_DOMAIN = -1
"""In place of a domain's index: the mean over all domains."""


@dataclass(frozen=True)
class Scorer:
    """A trained model with the encoding of its split."""

    model: Model
    encoder: FeatureEncoder

    def encode(self, raw: pa.RecordBatch) -> pa.Table:
        """Raw columns of the features (text, double, lists of text) as ids and values."""
        return pa.Table.from_arrays(self.encoder.encode(raw), schema=pa.schema(self.encoder.fields))

    def predict(self, encoded: pa.Table, domain_B: NDArray[np.int64]) -> NDArray[np.float32]:
        """predictions_BT of all tasks, in the units of their labels.

        Args:
            encoded: what `encode` gave.
            domain_B: index of each row's domain, or ANY_DOMAIN.
        """
        schema = self.model.schema
        tasks = range(len(schema.tasks))
        batch = to_batch(encoded, schema, np.where(domain_B == ANY_DOMAIN, 0, domain_B), Path("the input"))
        predictions_BT = predict_rows(self.model, batch, tasks)
        homeless = np.flatnonzero(domain_B == ANY_DOMAIN)
        if len(homeless):
            rows = batch.take(torch.from_numpy(homeless))
            of_each = [predict_rows(self.model, rows.in_domain(domain), tasks) for domain in range(len(schema.domains))]
            predictions_BT[homeless] = np.mean(of_each, axis=0)
        return predictions_BT


def domain_index(values: Iterable[str | None], schema: Schema) -> NDArray[np.int64]:
    """The index of each value's domain; ANY_DOMAIN where the value is missing or of no domain of the split."""
    groups = schema.domain_groups or {domain: domain for domain in schema.domains}
    places = {domain: place for place, domain in enumerate(schema.domains)}
    known = {value: places[domain] for value, domain in groups.items() if domain in places}
    return np.array([known.get(value, ANY_DOMAIN) if value is not None else ANY_DOMAIN for value in values], np.int64)
