"""What every data set declares: its files, its layout, and a reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from duckdb import DuckDBPyConnection

from recmtl.config import Component
from recmtl.data.layout import Layout
from recmtl.data.policies import SplitConfig


@dataclass(frozen=True)
class SourceFile:
    """One file of a data set as its publisher gives it."""

    name: str
    url: str | None = None
    """Where it can be fetched; None if only a person can get it."""
    sha256: str | None = None
    """Of the published file; None where the publisher's file could not be seen."""
    content_sha256: str | None = None
    """Of what a gzip file holds, for one that is packed in more than one way: it decides, and there is no `sha256`."""
    max_bytes: int = 20 * 2**30
    """More is refused before it fills the disk."""


class DatasetConfig(Component):
    """What to take from a data set."""

    family: ClassVar[str] = "data set"
    files: ClassVar[Sequence[SourceFile]] = ()
    optional: ClassVar[Sequence[str]] = ()
    """Patterns of further files: of a local folder all that fit are taken, and `read` refuses what it misses. Where
    `files` is empty there must be one at least."""
    archive: ClassVar[SourceFile | None] = None
    """The archive that the files are published in; None where each has its own address."""
    licence: ClassVar[str] = ""
    embedded: ClassVar[bool] = False
    """The files come with the package: there is nothing to download."""
    in_place: ClassVar[bool] = False
    """The files are the user's own, and stay where they are: `read` is given the workspace's folder."""
    stored: ClassVar[bool] = False
    """The query of `read` only looks into tables, so that it may well be run several times."""
    how_to_get: ClassVar[str] = ""
    """Where a person gets files that the command cannot fetch by itself."""

    def layout(self) -> Layout:
        """What the columns of `read` mean."""
        raise TypeError(f"{type(self).__name__} does not say what its columns mean")

    def within(self, policy: SplitConfig, workspace: Path) -> "DatasetConfig":
        """Itself; or one that passes over files whose rows the policy leaves out by their time, to the same split.

        Raises:
            MissingError: a file is not there.
            DataError: no file may have a row in the policy's span.
        """
        return self

    @property
    def remark(self) -> str:
        """What is passed over, for the person; empty if nothing is."""
        return ""

    def own_files(self, workspace: Path) -> list[Path]:
        """Every file that `read` reads, of a data set whose files are in place.

        Raises:
            MissingError: one is not there.
        """
        raise TypeError(f"{type(self).__name__} does not say which files are the user's own")

    def place(self, raw: Path) -> str:
        """Where the rows lie, for errors."""
        return str(raw)

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """Query for all rows of the files in `raw`, with the columns that `layout` names and `row`. A text column may
        hold codes (see `data.coded`).

        Raises:
            DataError: a file is not in the data set's format; names file, row and column.
        """
        raise TypeError(f"{type(self).__name__} does not say how its files are read")

    def read_vectors(self, raw: Path, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """For each vector feature of the layout, a query: `value` (VARCHAR, unique) and `vector` (FLOAT[]).

        Raises:
            DataError: a file is not in the data set's format, or a vector has another length than `layout` says.
        """
        return {}
