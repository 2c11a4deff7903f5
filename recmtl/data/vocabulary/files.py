"""The vocabularies of a split as files."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from recmtl.artifacts.tables import read_schema
from recmtl.data.folders import vocabulary_file
from recmtl.data.vocabulary.base import Vocabulary
from recmtl.data.vocabulary.hash_buckets import HashBuckets
from recmtl.data.vocabulary.intervals import Intervals
from recmtl.data.vocabulary.values import FittedValues
from recmtl.errors import DamagedError

KINDS: tuple[type[Vocabulary], ...] = (FittedValues, HashBuckets, Intervals)


def save_vocabularies(vocabularies: Mapping[str, Vocabulary], folder: Path) -> None:
    """One file for each table, in a new folder."""
    folder.mkdir()
    for table, vocabulary in vocabularies.items():
        vocabulary.save(folder / vocabulary_file(table))


def load_vocabularies(folder: Path, tables: Iterable[str]) -> dict[str, Vocabulary]:
    """Read what `save_vocabularies` wrote.

    Raises:
        MissingError: a file is not there.
        DamagedError: a file is damaged, or holds no vocabulary.
    """
    return {table: _load(folder / vocabulary_file(table)) for table in tables}


def _load(path: Path) -> Vocabulary:
    names = read_schema(path).names
    for kind in KINDS:
        if set(kind.columns) <= set(names):
            return kind.load(path)
    raise DamagedError(
        f"{path} holds no vocabulary: its columns are {', '.join(names)}.",
        hint="Make it again with the command that wrote it.",
    )
