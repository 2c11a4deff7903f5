"""The parts of a split as they would lie in files, without the files."""

from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from recmtl.artifacts.tables import ROW_GROUP_ROWS
from recmtl.data.encoding import RowEncoder, encoded_pieces
from recmtl.data.loader import to_batch
from recmtl.data.rows import RowsInMemory


def encode_rows(connection: DuckDBPyConnection, encoder: RowEncoder, source: str) -> dict[str, RowsInMemory]:
    """The table `rows` by part: what `load_part` would read of what `write_rows` would write.

    Args:
        connection: with the table.
        encoder: fitted on its training rows.
        source: where the rows come from, for errors.
    """
    schema, domains = encoder.features.schema, {name: i for i, name in enumerate(encoder.features.schema.domains)}
    parts = {}
    for part, pieces in groupby(encoded_pieces(connection, encoder), key=lambda piece: piece[0][0]):
        tables: list[pa.Table] = []
        domain_of_each: list[int] = []
        for (_, domain), of_domain in groupby(pieces, key=itemgetter(0)):
            tables.append(pa.Table.from_batches([rows for _, rows in of_domain]))
            domain_of_each.append(domains[domain])
        domain_B = np.repeat(domain_of_each, [len(table) for table in tables])
        batch = to_batch(pa.concat_tables(tables), schema, domain_B, Path(source))
        parts[part] = RowsInMemory(batch, tuple(size for table in tables for size in _group_sizes(len(table))))
    return parts


def _group_sizes(rows: int) -> list[int]:
    """The row groups of a file of so many rows."""
    return [min(ROW_GROUP_ROWS, rows - start) for start in range(0, rows, ROW_GROUP_ROWS)]
