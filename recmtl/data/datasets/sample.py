"""The embedded sample: made-up impressions in LT4REC's format, with known structure in them (sample_data/README.md)."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from duckdb import DuckDBPyConnection

from recmtl import sample_data
from recmtl.data.datasets.base import SourceFile
from recmtl.data.datasets.lt4rec import Lt4recConfig


class SampleConfig(Lt4recConfig):
    """The sample of the package itself: there is nothing to download."""

    name: Literal["sample"] = "sample"  # type: ignore[assignment]

    licence: ClassVar[str] = "MIT"
    files: ClassVar[Sequence[SourceFile]] = ()
    embedded: ClassVar[bool] = True

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """From the installed package, wherever `raw` is."""
        return super().read(sample_data.folder() / "video", connection)
