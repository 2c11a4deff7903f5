"""A user's own table: files of rows, described in the config.

CSV, TSV, JSON lines, Parquet or TFRecord, plain or gzip, a file or a folder of files. Paths are relative to the
workspace; the files are read where they lie, and the hashes of those that are read are the split's inputs.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

import duckdb
import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from pydantic import Field, PrivateAttr, model_validator

from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.files_in_span import Reading, files_to_read
from recmtl.data.layout import Key, Layout
from recmtl.data.own_parts import Part, apart, files_of_parts
from recmtl.data.partitions import row_files
from recmtl.data.policies import FilesSplit, SplitConfig
from recmtl.data.table_files import open_table
from recmtl.data.table_form import TableForm
from recmtl.data.table_piece import Piece
from recmtl.data.table_roles import Column, DomainColumn, TaskColumn
from recmtl.errors import ConfigError, DataError, RecmtlError
from recmtl.schema import Name

TAKEN = ("row", "part")
"""Names that a split's raw rows have already."""
_WHY_APART: dict[Part, str] = {
    "valid": "validation would choose what was learnt by heart",
    "test": "the test would measure what was learnt by heart",
}
_MEND = "Mend the config's section 'dataset', or the names in the file."


class TableConfig(DatasetConfig):
    """A table of your own: a file, or a folder of files, of CSV, TSV, JSON lines, Parquet or TFRecord."""

    name: Literal["table"] = "table"
    train: str
    """The rows; a path relative to the workspace. Folders in it say a column: `date=2026-11-20`, or `2026-11-20`."""
    test: str | None = None
    """Rows of a test part of its own (the split policy `files`); none: the policy takes it out of the others."""
    valid: str | None = None
    """Rows of a validation part of its own, beside `test`; none: the policy takes it out of the others."""
    format: Literal["csv", "tsv", "jsonl", "parquet", "tfrecord"] | None = None
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
    stored: ClassVar[bool] = True
    _within: Reading | None = PrivateAttr(default=None)
    """What a policy's span leaves to read; None: all is read."""

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
        self._refuse_same_parts()
        self.layout()
        return self

    def _refuse_same_parts(self) -> None:
        if self.valid is not None and self.test is None:
            raise ValueError("there are rows for valid and none for test: name both, or test alone")
        named = list(self._parts(Path()).items())
        for (part, path), (other, its) in itertools.combinations(named, 2):
            if path == its:
                raise ValueError(f"{part} and {other} are the same rows: {_WHY_APART[other]}")

    @property
    def _texts(self) -> tuple[str, ...]:
        """Columns that are read as text, each once."""
        domain = [self.domain.column] if self.domain else []
        return tuple(dict.fromkeys([*self.categorical, *domain, *self.keys.values()]))

    @property
    def _form(self) -> TableForm | None:
        return TableForm(self.format) if self.format else None

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
            ready_made_valid=self.valid is not None,
        )

    def place(self, raw: Path) -> str:
        """The file or folder of the rows."""
        return str(raw / self.train)

    def within(self, policy: SplitConfig, workspace: Path) -> "TableConfig":
        """One that passes over the folders outside the policy's span, where folders say the time key.

        Raises:
            ConfigError: there are rows of a test part, and the policy would deal them to train as well.
        """
        if self.test is not None and not isinstance(policy, FilesSplit):
            raise ConfigError(
                f"dataset.test names rows of a test part, but split.name {policy.name!r} would deal them to train too.",
                hint='Give "split": "files"; or, to deal all rows, put the files into one folder and name it in '
                "dataset.train.",
            )
        column = self.keys.get("time")
        files = {part: row_files(source) for part, source in self._parts(workspace).items()}
        narrowed, place = self.model_copy(), self.place(workspace)
        narrowed._within = files_to_read(files, policy, column, self._missing(column), self._form, place)
        return narrowed

    @property
    def remark(self) -> str:
        """How many folders are passed over."""
        return self._within.remark if self._within else ""

    def own_files(self, workspace: Path) -> list[Path]:
        """The files of all parts that are read. Errors as in `files_of_parts`."""
        if self._within is None:
            return files_of_parts(self._parts(workspace))
        return apart({part: [file.path for file in files] for part, files in self._within.files.items()})

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """All rows of train, then those of valid, then those of test."""
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
        named: dict[Part, str | None] = {"train": self.train, "valid": self.valid, "test": self.test}
        return {part: workspace / path for part, path in named.items() if path is not None}

    def _batches(self, workspace: Path) -> Iterator[pa.RecordBatch]:
        row = 0
        for part, source in self._parts(workspace).items():
            before, files = row, self._within.files[part] if self._within else None
            if files is not None and not files:
                continue  # all of its folders lie outside the span
            table = open_table(str(source), self._form, files)
            table.require(self._wanted(), _MEND)
            for piece in table.pieces:
                yield self._batch(piece, row, part)
                row += len(piece.batch)
            if row == before and not self.remark:
                raise DataError(f"{source} holds no rows.", hint="Look at the program that writes it.")
        if not row:
            raise DataError(
                f"{self.place(workspace)}: no row is in the folders that are read ({self.remark}).",
                hint="Look at the program that writes them, or ask for another span.",
            )

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

    def _missing(self, text: str | None) -> tuple[str, ...]:
        """What means missing in a column that is read as text."""
        return () if self.domain and text == self.domain.column else self.missing

    def _batch(self, piece: Piece, before: int, part: Part) -> pa.RecordBatch:
        rows = len(piece.batch)
        columns = [piece.text(name, self._missing(name)) for name in self._texts]
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
