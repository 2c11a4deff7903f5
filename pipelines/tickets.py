"""Which ticket each task gets: the run's own, another run's, or by hand."""

from collections.abc import Sequence
from pathlib import Path

from recmtl.config import nearest
from recmtl.errors import ConfigError, MissingError
from recmtl.pipelines.stage import read_input
from recmtl.pipelines.workspace import Workspace
from recmtl.schema import Schema

NONE = "none"
CHOSEN = "ticket.pt"

TicketPaths = dict[str, Path]
"""Task -> its mask file."""


def find_tickets(asked: Sequence[str], schema: Schema, run: Path, workspace: Workspace) -> TicketPaths:
    """What each --tickets says: a run's name, TASK=NUMBER (an iteration of this run), TASK=PATH, or 'none'.

    Without any, the tickets that this run has. What is said of a task counts more than what is said of a run.

    Raises:
        ConfigError: a word that means nothing, a task that is not there, or twice.
        MissingError: no such ticket.
        DamagedError: a ticket's folder is not as it was written.
    """
    if list(asked) == [NONE]:
        return {}
    if not asked:
        return _of_run(run, schema, workspace)
    if NONE in asked:
        raise ConfigError(f"--tickets {NONE} stands alone.", hint="Leave out a task to train it with all weights.")
    by_hand: TicketPaths = {}
    for word in asked:
        name, equals, which = word.partition("=")
        if equals:
            task = _task(name, schema)
            if task in by_hand:
                raise ConfigError(f"--tickets: the task {task!r} is given twice.", hint="Keep one of them.")
            by_hand[task] = _by_hand(task, which, run, workspace)
    found: TicketPaths = {}
    for word in asked:
        if "=" in word:
            continue
        of_run = _of_run(workspace.run(word), schema, workspace)
        if not of_run:
            raise MissingError(
                f"--tickets {word}: {workspace.run(word) / 'tickets'} holds no ticket.",
                hint="First run: recmtl prune-single --task NAME.",
            )
        found.update(of_run)
    return found | by_hand


def _of_run(run: Path, schema: Schema, workspace: Workspace) -> TicketPaths:
    folders = {task: run / "tickets" / task for task in schema.task_names if (run / "tickets" / task).is_dir()}
    for task, folder in folders.items():
        read_input(folder, workspace, f"recmtl prune-single --task {task}")
    return {task: folder / CHOSEN for task, folder in folders.items()}


def _by_hand(task: str, which: str, run: Path, workspace: Workspace) -> Path:
    if not which.isdecimal():
        path = Path(which)
        if not path.is_file():
            raise MissingError(
                f"--tickets {task}={which}: there is no such file.",
                hint=f"Give a path, or the number of a mask in {run / 'tickets' / task}.",
            )
        return path
    folder = run / "tickets" / task
    read_input(folder, workspace, f"recmtl prune-single --task {task}")
    found = sorted(folder.glob(f"{which}_*%.pt"))
    if not found:
        masks = ", ".join(sorted(path.name for path in folder.glob("*%.pt")))
        raise MissingError(
            f"--tickets {task}={which}: there is no mask of iteration {which} in {folder}.", hint=f"There are: {masks}."
        )
    return found[0]


def _task(name: str, schema: Schema) -> str:
    if name not in schema.task_names:
        raise ConfigError(f"--tickets: no task is named {name!r}{nearest(name, schema.task_names)}.")
    return name
