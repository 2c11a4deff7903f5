"""The files of a data set whose parts the user names, each a file or a folder of files."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from recmtl.data.table_files import table_paths
from recmtl.errors import DataError

Part = Literal["train", "valid", "test"]


def files_of_parts(parts: Mapping[Part, Path]) -> list[Path]:
    """The files of all parts.

    Args:
        parts: part -> its file or folder.

    Raises:
        MissingError: a part has none.
        DataError: a file is in two.
    """
    return apart({part: table_paths(source) for part, source in parts.items()})


def apart(files: Mapping[Part, Sequence[Path]]) -> list[Path]:
    """The files of all parts, each in one alone.

    Raises:
        DataError: a file is in two.
    """
    for (part, paths), (other, its) in itertools.combinations(files.items(), 2):
        both = {path.resolve() for path in paths} & {path.resolve() for path in its}
        if both:
            raise DataError(
                f"{min(both)} is a file of {part} and of {other}.",
                hint=f"{'Test' if other == 'test' else 'Validation'} rows must not be learnt from.",
            )
    return [path for paths in files.values() for path in paths]
