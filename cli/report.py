"""Results on stdout: tables for people, plain columns for pipes, one JSON document for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from recmtl.errors import RecmtlError
from recmtl.pipelines.stage import Outcome

SCHEMA_VERSION = 1


def show(outcome: Outcome, as_json: bool) -> bool:
    """Say what became of a stage. True if its tables should follow: the stage has a result, and it is for people."""
    if as_json:
        head = {
            "schema_version": SCHEMA_VERSION,
            "command": outcome.stage,
            "status": outcome.status,
            "target": str(outcome.target),
        }
        print_json({**head, **({"why": outcome.why} if outcome.why else {}), **outcome.notes})
        return False
    print(f"{outcome.stage}: {outcome.status}: {outcome.target}{f' ({outcome.why})' if outcome.why else ''}")
    return bool(outcome.notes)


def print_json(document: Mapping[str, Any]) -> None:
    """One document."""
    sys.stdout.write(json.dumps(document, indent=1, allow_nan=False) + "\n")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str] | Sequence[str], title: str = "") -> None:
    """Rows as a table, under the columns' own names or others; a missing or undefined value is a dash."""
    headings = dict(columns) if isinstance(columns, Mapping) else {column: column for column in columns}
    if title:
        print(title)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column, heading in headings.items():
        text = all(isinstance(row.get(column), str | None) for row in rows)
        table.add_column(heading, justify="left" if text else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(_text(row.get(column)) for column in headings))
    # wider than any terminal: a line that wraps is better than one that is cut off
    Console(highlight=False, width=1000).print(table, markup=False)


def print_error(error: RecmtlError, command: str, as_json: bool) -> None:
    """One sentence and its mend, to stderr; as JSON, to stdout."""
    if as_json:
        print_json(
            {"schema_version": SCHEMA_VERSION, "command": command, "status": "error", "code": error.exit_code,
             "message": error.message, "hint": error.hint}
        )  # fmt: skip
    sys.stderr.write(f"error: {error}\n")


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
