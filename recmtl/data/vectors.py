"""Vectors that were trained elsewhere, as features: found by the text in a column, kept once for all rows.

A split holds `vectors/<feature>.parquet`, one row for each value of its vocabulary, in the order of the ids. The
vocabulary is every value that has a vector and is in any row: no label had a part in it, so it need not come from the
training rows alone.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from recmtl.artifacts.tables import TableWriter, read_table
from recmtl.data.folders import vocabulary_file
from recmtl.data.layout import Layout, dictionary
from recmtl.data.sql import quote_name
from recmtl.data.vocabulary import FittedValues, Vocabulary
from recmtl.errors import DamagedError
from recmtl.schema import FIRST_ID, Schema

BATCH_ROWS = 65_536
VECTOR = "vector"
"""The column of the vectors."""


def fit_vectors(connection: DuckDBPyConnection, layout: Layout, queries: Mapping[str, str]) -> dict[str, FittedValues]:
    """The vocabulary of each vector feature, in the order of the values; `queries` give `value` and `vector`."""
    fitted = {}
    for feature in layout.vectors:
        table = connection.sql(
            f"SELECT text AS value, n FROM {dictionary(feature.column)} "
            f"JOIN (SELECT {quote_name(feature.column)} AS code, count(*) AS n FROM rows GROUP BY 1) USING (code) "
            f"WHERE text IN (SELECT value FROM ({queries[feature.name]})) ORDER BY code"
        ).to_arrow_table()
        values, counts = (pa.concat_arrays(table[name].chunks or [pa.array([], kind)])
                          for name, kind in (("value", pa.string()), ("n", pa.int64())))  # fmt: skip
        fitted[feature.name] = FittedValues(values, counts)
    return fitted


def write_vectors(
    connection: DuckDBPyConnection, schema: Schema, vocabularies: Mapping[str, Vocabulary],
    queries: Mapping[str, str], folder: Path,
) -> None:  # fmt: skip
    """The vectors of each feature's vocabulary, in the order of its ids; nothing where there is no such feature."""
    for feature in schema.vectors:
        folder.mkdir(exist_ok=True)
        vocabulary = vocabularies[feature.name]
        assert isinstance(vocabulary, FittedValues), "fit_vectors gives no other"
        connection.register("vector_values", pa.table({"value": vocabulary.values}))
        reader = connection.sql(
            f"SELECT vector FROM ({queries[feature.name]}) WHERE value IN (SELECT value FROM vector_values) "
            "ORDER BY value"  # as `fit_vectors` orders them
        ).to_arrow_reader(BATCH_ROWS)
        kind = pa.schema([(VECTOR, pa.list_(pa.float32()))])
        with TableWriter(folder / vocabulary_file(feature.name), kind) as writer:
            for batch in reader:
                writer.write(batch.cast(kind))
        connection.unregister("vector_values")


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
