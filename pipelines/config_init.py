"""A first config for a table of the user's own: what its columns may be, guessed from its first rows."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recmtl.artifacts.atomic import write_text
from recmtl.data.column_profile import ColumnProfile, profile_columns
from recmtl.data.guess import guess_roles
from recmtl.data.guesses import Guesses, Role, is_binary, known, names_rows
from recmtl.data.layout import Key
from recmtl.data.table_files import STDIN, open_table
from recmtl.data.table_form import TableForm, form_of
from recmtl.errors import ConfigError

MOST_ROWS = 200_000
"""Rows that are looked at."""
MIN_GROUPS = 30
"""Sessions, users or times, fewer cannot be dealt to three parts."""
SMALL, LARGE = 20_000, 1_000_000
"""Rows up to which a table is small, and from which on it is large."""
DEFAULT_SEPARATOR = "|"
_KEYS: dict[Role, Key] = {Role.USER: "user", Role.ITEM: "item", Role.TIME: "time", Role.GROUP: "group"}


@dataclass(frozen=True)
class FirstConfig:
    """A config, and why it is so."""

    document: dict[str, Any]
    """The config."""
    rows: int
    """That were looked at."""
    whole: bool
    """These are all."""
    columns: list[dict[str, Any]]
    """Of each column: name, kind, distinct values, share that is missing, role, reason."""
    notes: list[str]
    """What the person should know beside it."""
    folders: int = 0
    """Of which the first rows were looked at; 0 where they are the first of the whole table."""

    @property
    def facts(self) -> dict[str, Any]:
        """For programs."""
        return {"rows": self.rows, "config": self.document, "columns": self.columns, "notes": self.notes}

    @property
    def title(self) -> str:
        """Of the columns."""
        if self.folders:
            return f"guessed from {self.rows:,} rows, the first of {self.folders} folders; correct what is wrong"
        return f"guessed from {'all' if self.whole else 'the first'} {self.rows:,} rows; correct what is wrong"


def write_config(document: dict[str, Any], target: Path, *, force: bool) -> None:
    """Write it as JSON; what is there is replaced only with `force`.

    Raises:
        ConfigError: there is something already.
        MissingError: it cannot be written.
    """
    if target.exists() and not force:
        raise ConfigError(f"--out {target} is there already.", hint="Choose another name, or replace it with --force.")
    write_text(target, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def first_config(
    source: str, form: TableForm | None = None, labels: tuple[str, ...] = (), domain: str | None = None
) -> FirstConfig:
    """Look at a file or folder of rows.

    Args:
        source: as it stands in the config, so relative to the workspace that is worked in later.
        form: of the files; None: their names say it.
        labels: columns of the labels; none: they are guessed.
        domain: the domain's column; None: it is guessed.

    Raises:
        ConfigError: no column looks like a label; one that is named is not there; nothing says the form.
        MissingError: there is no such file.
        DataError, DamagedError: the rows cannot be read.
    """
    if source == STDIN:
        raise ConfigError("--from - is standard input, which can be read only once.", hint="Name a file or a folder.")
    table = open_table(source, form)
    sample = profile_columns(table, MOST_ROWS)
    guesses = guess_roles(sample, labels, domain)
    total = sample.rows if sample.whole else max(table.about_rows, sample.rows)
    document = {
        "dataset": _dataset(guesses, source, form if form is not form_of(_first_name(table.paths)) else None),
        "split": _split(guesses, total),
        "model": _model(len(guesses.of(Role.LABEL)), total),
        "train": _train(total),
    }
    return FirstConfig(document, sample.rows, sample.whole, _columns(guesses), guesses.notes, sample.folders)


def _first_name(paths: tuple[Path, ...]) -> str:
    return paths[0].name if paths else ""


def _dataset(guesses: Guesses, source: str, form: TableForm | None) -> dict[str, Any]:
    """The section; a key whose default fits is left out."""
    domain, weight = _names(guesses, Role.DOMAIN), _names(guesses, Role.WEIGHT)
    keys = {key: name for role, key in _KEYS.items() for name in _names(guesses, role)}
    section: dict[str, Any] = {
        "name": "table",
        "train": source,
        "format": form.value if form else None,
        "missing": list(guesses.sample.missing),
        "tasks": [_task(column, guesses) for column in guesses.of(Role.LABEL)],
        "categorical": [
            column.name
            for column in guesses.of(Role.USER, Role.ITEM, Role.CATEGORICAL)
            if not names_rows(column, guesses.sample.rows)
        ],
        "numbers": _names(guesses, Role.NUMBER),
        "sequences": _names(guesses, Role.SEQUENCE),
        "separator": guesses.separator if guesses.separator != DEFAULT_SEPARATOR else None,
        "domain": {"column": domain[0]} if domain else None,
        "keys": keys,
        "weight": weight[0] if weight else None,
    }
    return {key: value for key, value in section.items() if value}


def _task(column: ColumnProfile, guesses: Guesses) -> dict[str, Any]:
    if is_binary(column):
        return {"name": column.name, "kind": "binary"}
    values = known(column.numbers if column.numbers is not None else np.array([]))
    shares = guesses.sample.whole and values.min() >= 0 and values.max() <= 1
    return {"name": column.name, "kind": "regression", **({"bounds": [0.0, 1.0]} if shares else {})}


def _names(guesses: Guesses, role: Role) -> list[str]:
    return [column.name for column in guesses.of(role)]


def _split(guesses: Guesses, total: int) -> dict[str, Any]:
    """The newest rows test; without times a session's rows stay together, else a user's; else each is by itself."""
    rest = {"shares": [0.7, 0.15, 0.15], "min_count": 1 if total < SMALL else 2 if total < LARGE else 5}
    if any(column.distinct >= MIN_GROUPS and not column.missing for column in guesses.of(Role.TIME)):
        return {"name": "time", **rest}
    for role, by in ((Role.GROUP, "group"), (Role.USER, "user")):
        if any(column.distinct >= MIN_GROUPS for column in guesses.of(role)):
            return {"name": "group", "by": by, **rest}
    return {"name": "random", **rest}


def _model(tasks: int, total: int) -> dict[str, Any]:
    widths = [64, 32] if total < SMALL else [128, 64] if total < LARGE else [256, 128]
    if tasks == 1:
        return {"name": "shared_bottom", "bottom": widths, "tower": [16], "dropout": 0.2}
    return {"name": "mmoe", "num_experts": 4, "expert": widths, "tower": [16], "dropout": 0.2}


def _train(total: int) -> dict[str, Any]:
    """Smaller tables need more passes, of smaller and longer steps."""
    epochs, batch, rate = (
        (20, 256, 0.003) if total < SMALL else (10, 1024, 0.001) if total < LARGE else (5, 4096, 0.001)
    )
    return {
        "epochs": epochs,
        "patience": 2,
        "batch_size": batch,
        "optimizer": {"name": "adamw", "learning_rate": rate},
        "table_optimizer": {"name": "lazy_adam", "learning_rate": rate},
    }


def _columns(guesses: Guesses) -> list[dict[str, Any]]:
    rows = guesses.sample.rows
    return [
        {
            "column": column.name,
            "kind": column.kind.value,
            "distinct": column.distinct,
            "missing": column.missing / rows,
            "role": guesses.found[column.name].role.value,
            "why": guesses.found[column.name].why,
        }
        for column in guesses.sample.columns
    ]
