"""A chain of events that is learnt from all rows: what a model of it asks of the tasks and of the rows."""

from collections.abc import Sequence

from recmtl.batch import Batch
from recmtl.errors import ConfigError
from recmtl.schema import Schema


def check_chain(schema: Schema, model: str, does: str) -> None:
    """Refuse tasks that are no chain over all rows.

    Args:
        schema: with the tasks, in the order of the chain.
        model: its name.
        does: what it does with their probabilities, so that a regression has no place in it.

    Raises:
        ConfigError: a task is a regression, or is not observed wherever the one before it is.
    """
    space = schema.tasks[0].observed_if
    for task in schema.tasks:
        if task.kind != "binary":
            raise ConfigError(
                f"the model {model!r} {does}, and the task {task.name!r} is a regression.",
                hint="Choose another model, or leave this task out of the data set.",
            )
        if task.observed_if not in (None, space):
            raise ConfigError(
                f"the model {model!r} learns from all rows, and the task {task.name!r} is observed only where "
                f"{task.observed_if}.",
                hint="Give the data set a label of it that is 0 in all other rows, without observed_if; or choose "
                "another model.",
            )
        space = task.observed_if


def check_labels(batch: Batch, tasks: Sequence[str], model: str) -> None:
    """Refuse a label that is not there though it must be 0.

    Args:
        batch: rows to train on.
        tasks: all names, in the order of the chain.
        model: its name.

    Raises:
        ConfigError: a task was not observed in a row where the task before it is 0.
    """
    before_BT = batch.observed_BT[:, :-1] & (batch.labels_BT[:, :-1] == 0)
    missing_T = (before_BT & ~batch.observed_BT[:, 1:]).any(0)
    for missing, before, task in zip(missing_T.tolist(), tasks[:-1], tasks[1:], strict=True):
        if missing:
            raise ConfigError(
                f"the model {model!r} learns from all rows, and the task {task!r} has no label in a row where "
                f"{before!r} is 0.",
                hint="Give it the label 0 there, or choose another model.",
            )
