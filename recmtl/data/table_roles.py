"""What columns of an own table are, as its config says: labels of a task, what tells the domains apart."""

from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from recmtl.config import Config
from recmtl.data.table_piece import Piece
from recmtl.schema import Name, Task

Column = Annotated[str, Field(min_length=1)]
"""Of a file."""


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
