"""A data set that is a table in memory: to split rows of a test's own choosing."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection
from pydantic import ConfigDict, PositiveInt

from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.layout import Layout


class TableDataset(DatasetConfig):
    """Its `name` has no default, so it joins no registry."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    rows: pa.Table
    """With the columns that the layout names, and `row`."""
    columns: Any
    """The Layout. (As Any: pydantic would rebuild a dataclass.)"""
    threads: PositiveInt = 2
    """Of DuckDB."""

    def layout(self) -> Layout:
        """As given."""
        return self.columns

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """The table, whatever is in `raw`."""
        connection.execute(f"SET threads = {self.threads}")
        connection.register("given_rows", self.rows)
        return "SELECT * FROM given_rows"
