"""What every policy has: its seed, which rows take part at all, and how values become numbers."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from recmtl.config import Component, Config, likely
from recmtl.data.layout import CHANCE, DOMAIN, PART, Key, Layout
from recmtl.data.policies.buckets import Buckets
from recmtl.data.sql import quote_name
from recmtl.data.times import Moment, parse
from recmtl.errors import ConfigError
from recmtl.schema import Name, Task

PARTS = ("train", "valid", "test")

Share = Annotated[float, Field(ge=0, le=1)]
HashSize = Annotated[int, Field(ge=1, le=2**30)]
"""Buckets of a hash; ids are int32."""


class KCore(Config):
    """Only users and items that are seen often enough, among the rows that are left by this very rule."""

    user: PositiveInt | None = None
    """Rows that a user has at least; null: users are not asked."""
    item: PositiveInt | None = None
    """Rows that an item has at least; null: items are not asked."""
    task: str | None = None
    """Only rows whose label of this binary task is 1 are counted, as where negatives were drawn; null: all rows are."""

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if self.user is None and self.item is None:
            raise ValueError("it asks for nothing: give 'user', 'item' or both")
        return self

    def least(self) -> dict[Key, int]:
        """Key -> rows that a value of it has at least."""
        asked: dict[Key, int | None] = {"user": self.user, "item": self.item}
        return {key: least for key, least in asked.items() if least is not None}


class NegativeRate(Config):
    """Which share of a task's negatives stays in training."""

    task: str
    """A binary task. A training row goes as a whole: other tasks lose it too."""
    rate: Annotated[float, Field(gt=0, lt=1)]
    """The chance of a training row with the label 0 to stay."""


class History(Config):
    """What a user did before a row, as a sequence feature of that row."""

    item: Name | None = None
    """The categorical feature whose values are listed; null: the column of the key `item`, which must be one. Both
    share one embedding table."""
    length: PositiveInt = 50
    """The newest so many are listed."""
    task: str | None = None
    """Only rows whose label of this binary task is 1 are listed; null: of the first task."""
    name: Name = "past_items"
    """The feature's."""


class SplitConfig(Component):
    """Which rows go where, and how values become numbers; fitted on the training rows alone."""

    family: ClassVar[str] = "split policy"
    seed: NonNegativeInt = 0
    """Seed of the chance by which rows are dealt."""
    since: Moment | None = None
    """Rows before this time are left out: a date, a date-time (UTC unless it says otherwise) or a number."""
    until: Moment | None = None
    """Rows at this time and after it are left out."""
    k_core: KCore | None = None
    """E.g. {"user": 5, "item": 5}: rows of users and items with fewer rows than this are left out, again and again
    until none has fewer. With "task", only rows whose label of that binary task is 1 are counted, as where negatives
    were drawn. It counts what `since`, `until` and the window leave; a row without the key is left out."""
    history: History | None = None
    """E.g. {"length": 50}: a sequence feature `past_items` with the items of the user's positive rows whose time is
    strictly before the row's, newest last. Needs the keys user and time; a row without either has an empty list. It
    is made of the rows that `since`, `until`, the window and `k_core` leave, before they are dealt to parts: dealt by
    chance, a training row may list what lies in test, so deal by time for honest numbers."""
    negative_rate: NegativeRate | None = None
    """E.g. {"task": "click", "rate": 0.1}: of the training rows where that label is 0, only this share stays, by
    chance; valid and test stay whole. What a model learns, p, is then too high; it predicts what p means among all
    rows, p * rate / (p * rate + 1 - p)."""
    min_count: PositiveInt = 1
    """A value seen less often in training shares the id of unseen values."""
    hashing: dict[str, HashSize] = Field(default_factory=dict)
    """Embedding table -> number of buckets, e.g. {"item_id": 100000}: a value's id comes from its hash. Nothing is
    fitted, and no value is unseen; different values may share an id. For tables of categories and sequences."""
    max_distinct: NonNegativeInt = 1000
    """A number with at most so many distinct training values is also a category of them."""
    buckets: dict[str, Buckets] = Field(default_factory=dict)
    """Number -> ascending bounds, e.g. {"age": [18, 25, 35]}: below 18, from 18 to below 25, and so on; or how many
    buckets (at least 2), with about as many training rows in each. The number is then a category of its buckets, not
    of its distinct values."""
    knots: Annotated[int, Field(ge=2, le=1024)] = 32
    """Quantiles of a number's distinct training values, between which it enters the model piecewise linearly."""

    @model_validator(mode="after")
    def _span(self) -> Self:
        if self.since is not None and self.until is not None:
            since, until = parse(self.since), parse(self.until)
            both = isinstance(since, datetime) and isinstance(until, datetime) and since >= until
            if both or (isinstance(since, Decimal) and isinstance(until, Decimal) and since >= until):
                raise ValueError(f"split.since {self.since} is not before split.until {self.until}, so no row is left")
        return self

    def needs(self) -> tuple[Key, ...]:
        """The keys without which a row cannot be dealt."""
        return ()

    def query(self, layout: Layout) -> str:
        """SELECT row, part FROM raw_rows; a row that it does not give belongs to no part.

        Raises:
            ConfigError: the data set lacks what the policy needs.
        """
        raise TypeError(f"{type(self).__name__} has no query")

    def dealt(self, layout: Layout) -> str:
        """SELECT all of raw_rows, and the part as PART, of every row that belongs to one.

        Raises:
            ConfigError: the data set lacks what the policy needs.
        """
        return (
            f"SELECT raw_rows.*, dealt.part AS {quote_name(PART)} "
            f"FROM raw_rows JOIN ({self.query(layout)}) AS dealt USING (row)"
        )

    def mend(self, part: str) -> str:
        """What to do if `part` stays empty."""
        return f"Give {part} a larger share in the section 'split'."


class Shares(SplitConfig):
    """A policy that asks for shares."""

    shares: tuple[Share, Share, Share] = (0.6, 0.2, 0.2)
    """Shares of train, valid and test; they sum to 1."""

    @model_validator(mode="after")
    def _sum(self) -> Self:
        check_shares(self.shares)
        return self

    def part_at(self, place: str) -> str:
        """SQL: the part of a row whose place in an order, in 0..1, is the expression `place`."""
        train, valid, _ = self.shares
        return (
            f"CASE WHEN {place} < {train!r} THEN 'train' WHEN {place} < {train + valid!r} THEN 'valid' ELSE 'test' END"
        )


def check_shares(shares: tuple[float, float, float]) -> None:
    """Raises ValueError where they do not sum to 1, or train has none."""
    if abs(sum(shares) - 1) > 1e-9 or shares[0] == 0:
        raise ValueError(f"the shares {list(shares)} must sum to 1, with some for train")


def key_column(layout: Layout, key: Key, asking: str) -> str:
    """The column of a key that the setting `asking` needs.

    Raises:
        ConfigError: the data set has none.
    """
    if key not in layout.keys:
        has = f"It has: {', '.join(layout.keys)}." if layout.keys else "It has no keys at all."
        raise ConfigError(f"{asking} needs the key {key!r}, which the data set does not have.", hint=has)
    return layout.keys[key]


def binary_task(layout: Layout, name: str | None, asking: str) -> Task:
    """The task of this name, or the first, that the setting `asking` needs.

    Raises:
        ConfigError: there is none, or it is not binary.
    """
    tasks = {task.name: task for task in layout.tasks}
    task = layout.tasks[0] if name is None else tasks.get(name)
    if task is None:
        raise ConfigError(
            f"{asking}: there is no task {name!r}{likely(str(name), tasks)}.", hint=f"Tasks: {', '.join(tasks)}."
        )
    if task.kind != "binary":
        raise ConfigError(f"{asking} needs a binary task, but {task.name!r} is a {task.kind}.")
    return task


DOMAIN_COLUMN = quote_name(DOMAIN)
BY_CHANCE = f"{quote_name(CHANCE)}, row"
"""SQL: the random order of rows."""
