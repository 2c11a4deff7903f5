"""The vectors of a split as arrays."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recmtl.artifacts.tables import read_table
from recmtl.data.folders import vocabulary_file
from recmtl.errors import DamagedError
from recmtl.schema import FIRST_ID, Schema

VECTOR = "vector"
"""The column of the vectors."""


def load_vectors(split: Path, schema: Schema) -> dict[str, NDArray[np.float32]]:
    """vectors_RV of each vector feature, by id; those of the reserved ids are zero.

    Raises:
        DamagedError: a file is damaged, or does not hold what the schema says.
    """
    loaded = {}
    for feature in schema.vectors:
        path = split / "vectors" / vocabulary_file(feature.name)
        column = read_table(path, [VECTOR])[VECTOR].combine_chunks()
        values = np.asarray(column.flatten(), dtype=np.float32)
        if len(column) != feature.rows - FIRST_ID or len(values) != len(column) * feature.dim:
            raise DamagedError(
                f"{path} holds {len(column):,} vectors with {len(values):,} numbers; the schema says "
                f"{feature.rows - FIRST_ID:,} of {feature.dim}.",
                hint="Run split-domains again.",
            )
        known = values.reshape(-1, feature.dim)
        loaded[feature.name] = np.concatenate([np.zeros((FIRST_ID, feature.dim), np.float32), known])
    return loaded
