"""What goes into a scorecard: a task's labels and what a model said about them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recmtl.metrics.arrays import Array, check_columns, naming


@dataclass(frozen=True, eq=False)
class TaskPredictions:
    """What a model said about one task on N rows. Raises ValueError unless both arrays are [N] numbers."""

    task: str
    kind: Literal["binary", "regression"]
    label: Array
    """[N] NaN where the label was not observed: such a row counts for nothing in this task, whatever is predicted."""
    prediction: Array
    """[N] probabilities of a binary task, values of a regression."""

    def __post_init__(self) -> None:
        with naming(f"task {self.task!r}"):
            check_columns(self.label, self.prediction)

    @property
    def observed(self) -> NDArray[np.bool_]:
        """[N] true where the label was observed."""
        return ~np.isnan(self.label)
