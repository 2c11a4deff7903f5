"""UCI Census-Income as PaddleRec's multi-task models read it: 501 numbers a line, made from the published files
(`census.py`) by the preparation that comes with those models.

A line has no header: the labels `never_married` and `income`, 11 numbers as they were, then the 29 categories one-hot,
488 flags in the alphabetical order of each category's values. The flags of a category are read as one category again,
of which the value is the place of its flag, from 1: the same features, with 29 columns to look up and not 488.

`instance_weight`, the number of people that a row stands for, is one of the 11 numbers there; it says nothing about
the person, and is a feature here only on demand.
"""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from recmtl.artifacts.archive import open_maybe_gzip
from recmtl.artifacts.explain import reading
from recmtl.data.csv_pieces import Delimited
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.layout import Layout
from recmtl.data.line_blocks import blocks
from recmtl.data.own_parts import Part, files_of_parts
from recmtl.data.table_files import table_paths
from recmtl.data.table_piece import Piece
from recmtl.errors import DataError
from recmtl.schema import Task

LABELS = ("never_married", "income")
SURVEY_WEIGHT = "instance_weight"
NUMBERS = (
    "age", "wage_per_hour", "capital_gains", "capital_losses", "stock_dividends", SURVEY_WEIGHT, "num_emp",
    "own_or_self", "vet_benefits", "weeks_worked", "year",
)  # fmt: skip
SIZES: Mapping[str, int] = {
    "class_worker": 9, "det_ind_code": 52, "det_occ_code": 47, "education": 17, "hs_college": 3, "major_ind_code": 24,
    "major_occ_code": 15, "race": 5, "hisp_origin": 10, "sex": 2, "union_member": 3, "unemp_reason": 6,
    "full_or_part_emp": 8, "tax_filer_stat": 6, "region_prev_res": 6, "state_prev_res": 51, "det_hh_fam_stat": 38,
    "det_hh_summ": 8, "mig_chg_msa": 10, "mig_chg_reg": 9, "mig_move_reg": 10, "mig_same": 3, "mig_prev_sunbelt": 4,
    "fam_under_18": 5, "country_father": 43, "country_mother": 43, "country_self": 43, "citizenship": 5,
    "vet_question": 3,
}  # fmt: skip
"""Category -> how many flags it has."""
FLAGS: Mapping[str, tuple[str, ...]] = {
    name: tuple(f"{name} {place}" for place in range(1, size + 1)) for name, size in SIZES.items()
}
COLUMNS = (*LABELS, *NUMBERS, *itertools.chain.from_iterable(FLAGS.values()))
DOMAINS: Mapping[str, Mapping[str, str]] = {
    "sex": {"1": "Female", "2": "Male"},
    "race": {
        "1": "Amer Indian Aleut or Eskimo", "2": "Asian or Pacific Islander", "3": "Black", "4": "Other", "5": "White",
    },
}  # fmt: skip
_FORM = "Each line has 2 labels, 11 numbers and 488 flags, without a header."


class CensusOneHotConfig(DatasetConfig):
    """UCI Census-Income in the lines of PaddleRec's models; your own files."""

    name: Literal["census_one_hot"] = "census_one_hot"
    train: str
    """The file or folder of files to train on; a path relative to the workspace."""
    test: str
    """The file or folder of files of the test part."""
    domain: Literal["sex", "race"] | None = None
    """The category that tells the domains apart; none: one domain."""
    instance_weight: bool = False
    """Whether the survey's weight of a row is a feature, as it is in PaddleRec."""

    in_place: ClassVar[bool] = True
    stored: ClassVar[bool] = True

    def layout(self) -> Layout:
        """29 categories and ten numbers, or eleven; the test files are the test part."""
        return Layout(
            tasks=tuple(Task(name=name, kind="binary") for name in ("income", "never_married")),
            categorical=tuple(SIZES),
            numbers=tuple(name for name in NUMBERS if name != SURVEY_WEIGHT or self.instance_weight),
            domain=self.domain,
            domain_groups=MappingProxyType(DOMAINS[self.domain] if self.domain else {}),
            ready_made=True,
        )

    def own_files(self, workspace: Path) -> list[Path]:
        """The files of both parts. Errors as in `files_of_parts`."""
        return files_of_parts(self._parts(workspace))

    def place(self, raw: Path) -> str:
        """The file or folder of the training rows."""
        return str(raw / self.train)

    def read(self, raw: Path, connection: DuckDBPyConnection) -> str:
        """All rows of train, then those of test."""
        batches: list[pa.RecordBatch] = []
        for part, source in self._parts(raw).items():
            found = [_batch(piece, part) for path in table_paths(source) for piece in _pieces(path)]
            if not found:
                raise DataError(f"{source} holds no rows.", hint=_FORM)
            batches += found
        rows = pa.Table.from_batches(batches)
        connection.register("census_one_hot_rows", rows.append_column("row", pa.array(np.arange(1, len(rows) + 1))))
        return "SELECT * FROM census_one_hot_rows"

    def _parts(self, workspace: Path) -> dict[Part, Path]:
        return {"train": workspace / self.train, "test": workspace / self.test}


def _pieces(path: Path) -> Iterator[Piece]:
    lines = Delimited(str(path), ",", COLUMNS)
    with reading(path), open_maybe_gzip(path) as stream:
        for block in blocks(stream, str(path), lambda data: data.rfind(b"\n") + 1):
            if block.data.strip(b"\r\n"):  # Arrow refuses a block without a row
                yield from lines.pieces(block)


def _batch(piece: Piece, part: Part) -> pa.RecordBatch:
    columns: dict[str, pa.Array] = {name: pa.array(_flags(piece, name)) for name in LABELS}
    columns |= {name: piece.number(name) for name in NUMBERS}
    columns |= {name: _category(piece, name) for name in SIZES}
    return pa.RecordBatch.from_pydict({**columns, "part": pa.array([part] * len(piece.batch))})


def _flags(piece: Piece, column: str) -> NDArray[np.float64]:
    """A column in which each row has 0 or 1."""
    values = piece.number(column).to_numpy(zero_copy_only=False)  # null is NaN
    wrong = np.flatnonzero((values != 0) & (values != 1))
    if len(wrong):
        text = piece.batch.column(column)[int(wrong[0])].as_py()
        raise piece.refuse(int(wrong[0]), column, f"is {text[:100]!r}, which is neither 0 nor 1", _FORM)
    return values


def _category(piece: Piece, name: str) -> pa.StringArray:
    """The place, from 1, of the one flag that is set."""
    flags = np.stack([_flags(piece, column) for column in FLAGS[name]], axis=1)
    counts = flags.sum(axis=1)
    wrong = np.flatnonzero(counts != 1)
    if len(wrong):
        first = int(wrong[0])
        problem = f"and the {SIZES[name] - 1} after it have {counts[first]:.0f} flags that are 1; it must be one"
        raise piece.refuse(first, FLAGS[name][0], problem, _FORM)
    return pa.array(np.char.mod("%d", flags.argmax(axis=1) + 1))
