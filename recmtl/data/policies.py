"""How rows are dealt to train, valid and test. The same seed gives the same parts on any machine and any version of
DuckDB.

Chance comes from MD5 over the seed and the row's (or the group's) own key, so it depends on neither the order of
rows nor the number of threads. A policy is a query from the table `raw_rows` (with `row`, the domain and the key
columns) to (row, part).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from recmtl.config import Component
from recmtl.data.layout import DOMAIN, Layout
from recmtl.data.sql import quote_name, quote_text
from recmtl.errors import ConfigError

PARTS = ("train", "valid", "test")

Share = Annotated[float, Field(ge=0, le=1)]


class SplitConfig(Component):
    """Which rows go where, and how values become numbers; fitted on the training rows alone."""

    family: ClassVar[str] = "split policy"
    seed: NonNegativeInt = 0
    """Seed of the chance by which rows are dealt."""
    min_count: PositiveInt = 1
    """A value seen less often in training shares the id of unseen values."""
    max_distinct: NonNegativeInt = 1000
    """A number with at most so many distinct training values is also a category of them."""
    knots: Annotated[int, Field(ge=2, le=1024)] = 32
    """Quantiles of a number's distinct training values, between which it enters the model piecewise linearly."""

    def query(self, layout: Layout) -> str:
        """SELECT row, part FROM raw_rows.

        Raises:
            ConfigError: the data set lacks what the policy needs.
        """
        raise TypeError(f"{type(self).__name__} has no query")

    def mend(self, part: str) -> str:
        """What to do if `part` stays empty."""
        return f"Give {part} a larger share in the section 'split'."


class Shares(SplitConfig):
    """A policy that asks for shares."""

    shares: tuple[Share, Share, Share] = (0.6, 0.2, 0.2)
    """Shares of train, valid and test; they sum to 1."""

    @model_validator(mode="after")
    def _sum(self) -> "Shares":
        if abs(sum(self.shares) - 1) > 1e-9 or self.shares[0] == 0:
            raise ValueError(f"the shares {list(self.shares)} must sum to 1, with some for train")
        return self

    def part_at(self, place: str) -> str:
        """SQL: the part of a row whose place in a random order, in 0..1, is the expression `place`."""
        train, valid, _ = self.shares
        return (
            f"CASE WHEN {place} < {train!r} THEN 'train' WHEN {place} < {train + valid!r} THEN 'valid' ELSE 'test' END"
        )


class RandomSplit(Shares):
    """Every row by itself, the shares kept within each domain."""

    name: Literal["random"] = "random"

    def query(self, layout: Layout) -> str:
        """Rank the rows of a domain by chance and cut at the shares."""
        place = _place(self.seed, quote_name(DOMAIN))
        return f"SELECT row, {self.part_at('place')} AS part FROM (SELECT row, {place} AS place FROM raw_rows)"


class GroupSplit(Shares):
    """All rows of a group (a session, a user) together, so that no group is torn."""

    name: Literal["group"] = "group"
    by: Literal["group", "user"] = "group"
    """What holds rows together: the data set's own group key (its session), or the user."""

    def query(self, layout: Layout) -> str:
        """Line the groups up by chance, each as long as its rows, and cut where its middle lies. Rows without a key
        stand alone.
        """
        if self.by not in layout.keys:
            raise ConfigError(
                f"split.by is {self.by!r}, but the data set has no such key.",
                hint=f"It has: {', '.join(layout.keys)}." if layout.keys else "It has none: use 'random' or 'files'.",
            )
        key = f"coalesce('k' || {quote_name(layout.keys[self.by])}, 'r' || row)"
        return f"""
            SELECT row, {self.part_at("place")} AS part
            FROM (SELECT row, {key} AS torn FROM raw_rows) JOIN (
                SELECT torn, (sum(n) OVER (ORDER BY {_chance(self.seed, "torn")}, torn) - n / 2.0)
                    / sum(n) OVER () AS place
                FROM (SELECT {key} AS torn, count(*) AS n FROM raw_rows GROUP BY ALL)
            ) USING (torn)"""


class FilesSplit(SplitConfig):
    """The data set's own test rows; validation is taken from its training rows."""

    name: Literal["files"] = "files"
    valid_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the data set's training rows that validation takes, by chance within each domain."""

    def query(self, layout: Layout) -> str:
        """Keep the test rows, rank the others by chance."""
        if not layout.ready_made:
            raise ConfigError(
                "split.name is 'files', but the data set brings no test file of its own.",
                hint="Use 'random' or 'group'.",
            )
        place = _place(self.seed, f"{quote_name(DOMAIN)}, part")
        return f"""
            SELECT row, CASE WHEN part = 'test' THEN 'test' WHEN place < {self.valid_share!r} THEN 'valid' ELSE 'train'
                END AS part
            FROM (SELECT row, part, {place} AS place FROM raw_rows)"""

    def mend(self, part: str) -> str:
        """Look at the files."""
        if part == "valid":
            return "Give it a larger split.valid_share."
        return f"Look at the data set's own {part} file: is it empty?"


def _place(seed: int, within: str) -> str:
    """SQL: a row's place, in 0..1, in the random order of the rows that agree on the columns `within`."""
    rank = f"row_number() OVER (PARTITION BY {within} ORDER BY {_chance(seed, 'row')}, row)"
    return f"({rank} - 0.5) / count(*) OVER (PARTITION BY {within})"


def _chance(seed: int, key: str) -> str:
    return f"md5({quote_text(f'{seed}:')} || {key})"
