"""The `files` policy."""

from typing import Annotated, Literal

from pydantic import Field

from recmtl.data.layout import Layout
from recmtl.data.policies.base import DOMAIN_COLUMN, SplitConfig, place_by_chance
from recmtl.errors import ConfigError


class FilesSplit(SplitConfig):
    """The data set's own test rows; validation is taken from its training rows, unless it has its own too."""

    name: Literal["files"] = "files"
    valid_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the data set's training rows that validation takes, by chance within each domain. It says nothing where
    the data set brings validation rows."""

    def query(self, layout: Layout) -> str:
        """Keep the test rows (and the validation rows), rank the others by chance."""
        if not layout.ready_made:
            raise ConfigError(
                "split.name is 'files', but the data set brings no test file of its own.",
                hint="Use 'random' or 'group'.",
            )
        if layout.ready_made_valid:
            return "SELECT row, CASE WHEN part IN ('valid', 'test') THEN part ELSE 'train' END AS part FROM raw_rows"
        place = place_by_chance(f"{DOMAIN_COLUMN}, part")
        return f"""
            SELECT row, CASE WHEN part = 'test' THEN 'test' WHEN place < {self.valid_share!r} THEN 'valid' ELSE 'train'
                END AS part
            FROM (SELECT row, part, {place} AS place FROM raw_rows)"""

    def mend(self, part: str) -> str:
        """Look at the files."""
        if part == "valid":
            return "Give it a larger split.valid_share, or, where the data set brings its own, look at that file."
        return f"Look at the data set's own {part} file: is it empty?"
