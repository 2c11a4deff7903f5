"""Vectors that were trained elsewhere, as features: found by the text in a column, kept once for all rows.

A split holds `vectors/<feature>.parquet`, one row for each value of its vocabulary, in the order of the ids. The
vocabulary is every value that has a vector and is in any row: no label had a part in it, so it need not come from the
training rows alone.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from recmtl.artifacts.tables import TableWriter
from recmtl.data.folders import vocabulary_file
from recmtl.data.layout import Layout, dictionary
from recmtl.data.load_vectors import VECTOR
from recmtl.data.sql import quote_name
from recmtl.data.vocabulary import FittedValues, Vocabulary
from recmtl.schema import Schema

BATCH_ROWS = 65_536


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
