"""What a split holds: features, tasks, domains and keys. Written by split-domains as `schema.json`, read by
everything after.

The columns of the Parquet files follow from the names here, each with its role in front:

    id:<feature>      int32          a category's or a vector's id, or a number's among its values or buckets
    ids:<feature>     list<int32>    a sequence of ids
    value:<feature>   float32        a number as it is; null where missing
    label:<task>      float32        null where the task was not observed: such a row counts for nothing in this task
    key:<key>         string         user, item, time or group, as they were
    score:<name>      float32        a logged score of another model; null where there is none
    weight            float32        how much the row counts in training; only if the data set has weights
    row               int64          position in the raw files
"""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator

from recmtl.config import Config, likely
from recmtl.errors import ConfigError

PADDING, MISSING, UNSEEN = 0, 1, 2
"""The ids that mean the same in every vocabulary."""
FIRST_ID = 3
"""The first id of a real value."""
ALL = "all"
"""The cell of a scorecard over all domains: no domain may have this name."""

WEIGHT = "weight"
"""The column of the rows' weights."""

MAX_NAME = 128
"""Characters of a name."""

Name = Annotated[str, Field(pattern=r"^[^\s\p{Cc}:/\\.=][^\p{Cc}:/\\=]*$", max_length=MAX_NAME)]
"""Of a feature, table, task or score: part of a column's name and of a file's."""


class CategoricalFeature(Config):
    """One category a row."""

    kind: Literal["categorical"] = "categorical"
    name: Name
    table: Name
    """The embedding table, shared by all features that name it."""

    @property
    def column(self) -> str:
        """The id column."""
        return f"id:{self.name}"


class SequenceFeature(Config):
    """Any number of categories a row, pooled over their true length."""

    kind: Literal["sequence"] = "sequence"
    name: Name
    table: Name

    @property
    def column(self) -> str:
        """The column of id lists."""
        return f"ids:{self.name}"


class NumberFeature(Config):
    """A number: a category of its own distinct values (where they are few) or of its buckets, and piecewise linear
    between knots.
    """

    kind: Literal["number"] = "number"
    name: Name
    table: Name
    knots: tuple[float, ...] = Field(min_length=2)
    """Quantiles of the distinct training values, ascending; equal neighbours span nothing."""

    @property
    def column(self) -> str:
        """The id column."""
        return f"id:{self.name}"

    @property
    def value_column(self) -> str:
        """The column of the number itself."""
        return f"value:{self.name}"

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if any(a > b for a, b in zip(self.knots, self.knots[1:], strict=False)):
            raise ValueError(f"the knots of {self.name!r} do not ascend")
        return self


class VectorFeature(Config):
    """A vector that was trained elsewhere and stays as it is, found by the text in the raw column `source`."""

    kind: Literal["vector"] = "vector"
    name: Name
    source: Name
    """The raw column; it may be a feature of its own as well."""
    dim: PositiveInt
    """Numbers in a vector."""
    rows: PositiveInt
    """Vectors, the three reserved ids included."""

    @property
    def table(self) -> str:
        """Its vocabulary's name: it shares none."""
        return self.name

    @property
    def column(self) -> str:
        """The id column."""
        return f"id:{self.name}"


Feature = Annotated[CategoricalFeature | SequenceFeature | NumberFeature | VectorFeature, Field(discriminator="kind")]


class Task(Config):
    """What is predicted. A binary task's label is 0 or 1; a regression's is any number, or one within `bounds`."""

    name: Name
    kind: Literal["binary", "regression"]
    observed_if: str | None = None
    """The sample space in words, e.g. "click = 1": outside it the label is null."""
    bounds: tuple[float, float] | None = None
    """The least and greatest label of a regression: predictions stay inside."""
    mean: float = 0.0
    """Of the observed training labels."""
    std: PositiveFloat = 1.0
    """Of the observed training labels."""

    @property
    def column(self) -> str:
        """The label column."""
        return f"label:{self.name}"

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.bounds and (self.kind == "binary" or self.bounds[0] >= self.bounds[1]):
            raise ValueError(f"the bounds {self.bounds} of the {self.kind} task {self.name!r} mean nothing")
        return self


class Score(Config):
    """A logged score column, measured beside the model as a baseline."""

    name: Name
    task: Name

    @property
    def column(self) -> str:
        """The score column."""
        return f"score:{self.name}"


class Schema(Config):
    """The whole contract between split-domains and the stages after it."""

    format: Literal[1] = 1
    dataset: Name
    features: tuple[Feature, ...] = Field(min_length=1)
    tables: dict[Name, PositiveInt]
    """Rows of each embedding table, the three reserved ids included."""
    tasks: tuple[Task, ...] = Field(min_length=1)
    domains: tuple[Annotated[str, Field(min_length=1, max_length=MAX_NAME)], ...] = Field(min_length=1)
    """Position is the domain's index in tensors."""
    domain_column: str | None = None
    """The raw column that told the domains apart; None if there is only one."""
    domain_groups: dict[str, str] = Field(default_factory=dict)
    """Value of that column -> its domain; if empty, each value is a domain of its own."""
    missing: tuple[str, ...] = ()
    """Texts that mean missing in raw rows, as the empty one does; in the domain's column they are values."""
    separator: Annotated[str, Field(min_length=1, max_length=MAX_NAME)] = "|"
    """What stands between the values of a sequence in raw rows that have no lists."""
    weighted: bool = False
    """Rows have weights."""
    keys: tuple[Literal["user", "item", "time", "group"], ...] = ()
    scores: tuple[Score, ...] = ()
    knots: NonNegativeInt = 0
    """Knots of each number feature."""
    negative_rates: dict[Name, Annotated[float, Field(gt=0, lt=1)]] = Field(default_factory=dict)
    """Task -> the share of its negatives that stayed in training; predictions are corrected by it (`nn.link`)."""

    @field_validator("domains")
    @classmethod
    def _domain_names(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        if ALL in domains:
            raise ValueError(f"no domain may be called {ALL!r}: it names the cell over all domains")
        _each_once("domain", domains)
        return domains

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _each_once("feature", [feature.name for feature in self.features])
        _each_once("task", self.task_names)
        _each_once("score", [score.name for score in self.scores])
        for what, used, known in (
            ("table", {f.table for f in self.features if not isinstance(f, VectorFeature)}, set(self.tables)),
            ("task", {score.task for score in self.scores} | {*self.negative_rates}, set(self.task_names)),
        ):
            if used - known:
                raise ValueError(f"no {what} is called {min(used - known)!r}")
        if shared := {feature.name for feature in self.vectors} & set(self.tables):
            raise ValueError(f"the vectors {min(shared)!r} have the name of an embedding table")
        return self

    @property
    def numbers(self) -> tuple[NumberFeature, ...]:
        """The number features, in order."""
        return tuple(f for f in self.features if isinstance(f, NumberFeature))

    @property
    def sequences(self) -> tuple[SequenceFeature, ...]:
        """The sequence features, in order."""
        return tuple(f for f in self.features if isinstance(f, SequenceFeature))

    @property
    def vectors(self) -> tuple[VectorFeature, ...]:
        """The vector features, in order."""
        return tuple(f for f in self.features if isinstance(f, VectorFeature))

    @property
    def embedded(self) -> tuple[CategoricalFeature | NumberFeature, ...]:
        """The features with exactly one id a row and a trained embedding, in order."""
        return tuple(f for f in self.features if isinstance(f, CategoricalFeature | NumberFeature))

    @property
    def singles(self) -> tuple[CategoricalFeature | NumberFeature | VectorFeature, ...]:
        """The features with exactly one id a row: those that are embedded, then the vectors."""
        return (*self.embedded, *self.vectors)

    @property
    def vocabulary_rows(self) -> dict[str, int]:
        """Ids of each vocabulary, the three reserved ones included: of the embedding tables and of the vectors."""
        return self.tables | {feature.name: feature.rows for feature in self.vectors}

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """The raw column of each feature, in order."""
        return tuple(f.source if isinstance(f, VectorFeature) else f.name for f in self.features)

    @property
    def task_names(self) -> tuple[str, ...]:
        """The tasks' names, in order."""
        return tuple(task.name for task in self.tasks)

    def task_index(self, task: str) -> int:
        """The position of a task given by name or by position.

        Raises:
            ConfigError: there is no such task.
        """
        positions = {str(i): i for i in range(len(self.tasks))} | {name: i for i, name in enumerate(self.task_names)}
        if task in positions:
            return positions[task]
        listed = ", ".join(f"{i} = {name}" for i, name in enumerate(self.task_names))
        raise ConfigError(
            f"there is no task {task!r} in {self.dataset}{likely(task, self.task_names)}.", hint=f"Tasks: {listed}."
        )


def _each_once(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"two {what}s are called {twice[0]!r}")
