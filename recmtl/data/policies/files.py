"""The `files` policy."""

from typing import Annotated, Literal

from pydantic import Field

from recmtl.data.layout import PART, Layout
from recmtl.data.policies.base import DOMAIN_COLUMN, SplitConfig
from recmtl.data.policies.by_chance import cut_by_chance
from recmtl.data.sql import quote_name
from recmtl.errors import ConfigError


class FilesSplit(SplitConfig):
    """The data set's own test rows; validation is taken from its training rows, unless it has its own too."""

    name: Literal["files"] = "files"
    valid_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the data set's training rows that validation takes, by chance within each domain. It says nothing where
    the data set brings validation rows."""

    def query(self, layout: Layout) -> str:
        """As `dealt`."""
        return f"SELECT row, {quote_name(PART)} AS part FROM ({self.dealt(layout)})"

    def dealt(self, layout: Layout) -> str:
        """Keep the test rows (and the validation rows), line the others up by chance."""
        if not layout.ready_made:
            raise ConfigError(
                "split.name is 'files', but the data set brings no test file of its own.",
                hint="Use 'random' or 'group'.",
            )
        if layout.ready_made_valid:
            part = "CASE WHEN part IN ('valid', 'test') THEN part ELSE 'train' END"
            return f"SELECT *, {part} AS {quote_name(PART)} FROM raw_rows"
        return cut_by_chance({"domain": DOMAIN_COLUMN, "given": "part"}, self._part_at)

    def _part_at(self, place: str) -> str:
        """SQL: the part of a row at a place among those that were given as train, or as test."""
        return (
            f"CASE WHEN \"cut:given\" = 'test' THEN 'test' WHEN {place} < {self.valid_share!r} THEN 'valid' "
            "ELSE 'train' END"
        )

    def mend(self, part: str) -> str:
        """Look at the files."""
        if part == "valid":
            return "Give it a larger split.valid_share, or, where the data set brings its own, look at that file."
        return f"Look at the data set's own {part} file: is it empty?"
