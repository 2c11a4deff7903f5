"""A user's own table: files of rows, described in the config.

CSV, TSV, JSON lines or Parquet, plain or gzip, a file or a folder of files. Paths are relative to the workspace; the
files are read where they lie, and their hashes are the split's inputs.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection
from pydantic import Field, model_validator

from recmtl.config import Config
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.layout import Key, Layout
from recmtl.data.table_files import open_table, table_paths
from recmtl.data.table_form import TableForm
from recmtl.data.table_piece import Piece
from recmtl.errors import DataError, RecmtlError
from recmtl.schema import Name, Task

Part = Literal["train", "test"]
Column = Annotated[str, Field(min_length=1)]
"""Of a file."""
TAKEN = ("row", "part")
"""Names that a split's raw rows have already."""
_MEND = "Mend the config's section 'dataset', or the names in the file."


class Condition(Config):
    """A column has a value."""

    column: Column
    """The column that is looked at."""
    value: str | int | float | bool
    """A text, compared with the column's text; or a number, compared with its number."""

    def holds(self, piece: Piece, missing: tuple[str, ...]) -> pa.BooleanArray:
        """For each row; where the column is missing it does not."""
        if isinstance(self.value, str):
            found = pc.equal(piece.text(self.column, missing), self.value)
        else:
            found = pc.equal(piece.number(self.column, missing), float(self.value))
        return found.fill_null(False)


class TaskColumn(Config):
    """A task and its labels."""

    name: Name
    """What the task is called in all that is printed and written."""
    kind: Literal["binary", "regression"]
    """Whether its labels are 0 and 1, or numbers."""
    column: Column | None = None
    """The column of the labels; none: the one of the task's name. A missing label was not observed."""
    observed_if: Condition | None = None
    """The rows in which the task is observed, for example those with a click; in all others labels mean nothing."""
    bounds: tuple[float, float] | None = None
    """The least and the greatest label of a regression; predictions stay inside."""

    @property
    def label(self) -> str:
        """The column of the labels."""
        return self.column or self.name

    def task(self) -> Task:
        """As the split knows it. ValueError: the bounds mean nothing."""
        condition = self.observed_if
        words = None if condition is None else f"{condition.column} = {condition.value}"
        return Task(name=self.name, kind=self.kind, observed_if=words, bounds=self.bounds)

    def labels(self, piece: Piece, missing: tuple[str, ...]) -> pa.DoubleArray:
        """Null where the task was not observed.

        Raises:
            DataError: an observed label is out of range; names file, line and column.
        """
        labels = piece.number(self.label, missing)
        if self.observed_if is not None:
            holds = self.observed_if.holds(piece, missing)
            labels = pc.if_else(holds, labels, pa.scalar(None, pa.float64()))
        known = labels.to_numpy(zero_copy_only=False)
        low, high = self.bounds or (-np.inf, np.inf)
        fits = np.isin(known, (0, 1)) if self.kind == "binary" else (low <= known) & (known <= high)
        bad = np.flatnonzero(~fits & ~np.isnan(known))
        if len(bad):
            row, wanted = int(bad[0]), "0 or 1" if self.kind == "binary" else f"between {low:g} and {high:g}"
            problem = f"is {known[row]:g}; the label of {self.name!r} must be {wanted}"
            raise piece.refuse(row, self.label, problem, "Mend or remove this row.")
        return labels


class DomainColumn(Config):
    """What tells the domains apart."""

    column: Column
    """The column whose values tell the domains apart."""
    groups: dict[str, Name] = Field(default_factory=dict)
    """Value of the column -> its domain; without groups each value is a domain of its own."""


class TableConfig(DatasetConfig):
    """A table of your own: a file, or a folder of files, of CSV, TSV, JSON lines or Parquet."""

    name: Literal["table"] = "table"
    train: str
    """The rows; a path relative to the workspace."""
    test: str | None = None
    """Rows of a test part of its own (the split policy `files`); none: the policy takes it out of the others."""
    format: Literal["csv", "tsv", "jsonl", "parquet"] | None = None
    """Of the files; none: their names say it."""
    tasks: tuple[TaskColumn, ...]
    """What is predicted."""
    categorical: tuple[Name, ...] = ()
    """Columns that are categories: texts or whole numbers."""
    numbers: tuple[Name, ...] = ()
    """Columns that are numbers."""
    sequences: tuple[Name, ...] = ()
    """Columns that are lists of categories."""
    separator: str = Field(default="|", min_length=1)
    """What stands between a list's items where it is written as one text."""
    missing: tuple[str, ...] = ()
    """Texts that mean missing, as the empty one does; in the domain's column they are values."""
    domain: DomainColumn | None = None
    """What tells the domains apart; none: one domain."""
    keys: dict[Key, Column] = Field(default_factory=dict)
    """Columns of the `user` and the `item`, of the `time`, and of the `group` of rows that no split may tear."""
    weight: Column | None = None
    """The column that says how much a row counts in training."""

    in_place: ClassVar[bool] = True

    @model_validator(mode="after")
    def _described(self) -> "TableConfig":
        if not self.tasks:
            raise ValueError("there are no tasks")
        features = (*self.categorical, *self.numbers, *self.sequences)
        if not features:
            raise ValueError("there are no features: name columns in categorical, numbers or sequences")
        told = next((task for task in self.tasks if task.label in features), None)
        if told is not None:
            raise ValueError(f"{told.label!r} is a feature and holds the labels of {told.name!r}: it would tell them")
        others = (*self.numbers, *self.sequences, *(task.name for task in self.tasks), *self._weights)
        names = Counter(name.lower() for name in (*TAKEN, *self._texts, *others))  # SQL does not tell capitals apart
        twice = next((name for name, count in names.items() if count > 1), None)
        if twice in TAKEN:
            raise ValueError(f"no column may be called {twice!r}, as the split has one: rename it in the file")
        if twice is not None:
            raise ValueError(f"{twice!r} has two roles; only categories may be the domain or a key as well")
        if self.test is not None and Path(self.test) == Path(self.train):
            raise ValueError("train and test are the same rows: the test would measure what was learnt by heart")
        self.layout()
        return self

    @property
    def _texts(self) -> tuple[str, ...]:
        """Columns that are read as text, each once."""
        domain = [self.domain.column] if self.domain else []
        return tuple(dict.fromkeys([*self.categorical, *domain, *self.keys.values()]))

    @property
    def _weights(self) -> tuple[str, ...]:
        return (self.weight,) if self.weight else ()

    def layout(self) -> Layout:
        """As the config says."""
        return Layout(
            tasks=tuple(task.task() for task in self.tasks),
            categorical=self.categorical,
            numbers=self.numbers,
            sequences=self.sequences,
            domain=self.domain.column if self.domain else None,
            domain_groups=MappingProxyType(self.domain.groups if self.domain else {}),
            weight=self.weight,
            keys=MappingProxyType(self.keys),
            missing=self.missing,
            separator=self.separator,
            ready_made=self.test is not None,
        )

    def place(self, raw: Path) -> str:
        """The file or folder of the rows."""
        return str(raw / self.train)

    def own_files(self, workspace: Path) -> list[Path]:
        """The files of both parts.

        Raises:
            DataError: a file is in both.
        """
        parts = {part: table_paths(source) for part, source in self._parts(workspace).items()}
        both = {path.resolve() for path in parts["train"]} & {path.resolve() for path in parts.get("test", [])}
        if both:
            raise DataError(f"{min(both)} is a file of train and of test.", hint="Test rows must not be learnt from.")
        return [path for paths in parts.values() for path in paths]

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """All rows of train, then those of test."""
        failures: list[RecmtlError] = []
        reader = pa.RecordBatchReader.from_batches(self._schema(), _keeping(failures, self._batches(raw)))
        connection.register("own_reader", reader)
        try:
            connection.execute("CREATE OR REPLACE TEMP TABLE own_rows AS SELECT * FROM own_reader")
        except duckdb.Error:
            if failures:  # DuckDB knows no more than that its reader failed
                raise failures[0] from None
            raise
        finally:
            connection.unregister("own_reader")
        return "SELECT * FROM own_rows"

    def _parts(self, workspace: Path) -> dict[Part, Path]:
        parts: dict[Part, Path] = {"train": workspace / self.train}
        return parts if self.test is None else {**parts, "test": workspace / self.test}

    def _batches(self, workspace: Path) -> Iterator[pa.RecordBatch]:
        row = 0
        for part, source in self._parts(workspace).items():
            before = row
            table = open_table(str(source), TableForm(self.format) if self.format else None)
            table.require(self._wanted(), _MEND)
            for piece in table.pieces:
                yield self._batch(piece, row, part)
                row += len(piece.batch)
            if row == before:
                raise DataError(f"{source} holds no rows.", hint="Look at the program that writes it.")

    def _wanted(self) -> list[str]:
        """Every column that is read."""
        conditions = [task.observed_if.column for task in self.tasks if task.observed_if]
        labels = [task.label for task in self.tasks]
        return [*self._texts, *self.numbers, *self.sequences, *labels, *conditions, *self._weights]

    def _schema(self) -> pa.Schema:
        fields = [(name, pa.string()) for name in self._texts]
        fields += [
            (name, pa.float64()) for name in (*self.numbers, *(task.name for task in self.tasks), *self._weights)
        ]
        fields += [(name, pa.list_(pa.string())) for name in self.sequences]
        return pa.schema([*fields, ("row", pa.int64()), ("part", pa.string())])

    def _batch(self, piece: Piece, before: int, part: Part) -> pa.RecordBatch:
        rows, domain = len(piece.batch), self.domain.column if self.domain else None
        columns = [piece.text(name, () if name == domain else self.missing) for name in self._texts]
        columns += [piece.number(name, self.missing) for name in self.numbers]
        columns += [task.labels(piece, self.missing) for task in self.tasks]
        columns += [piece.number(name, self.missing) for name in self._weights]
        columns += [piece.texts(name, self.missing, self.separator) for name in self.sequences]
        places = pa.array(np.arange(before + 1, before + rows + 1))
        return pa.RecordBatch.from_arrays([*columns, places, pa.array([part] * rows)], schema=self._schema())


def _keeping(failures: list[RecmtlError], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches; an error that ends them is put aside."""
    try:
        yield from batches
    except RecmtlError as error:
        failures.append(error)
        raise
