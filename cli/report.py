"""Results on stdout: tables for people, plain columns for pipes, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from recmtl.errors import RecmtlError

if TYPE_CHECKING:  # at run time pydantic would come along, and --help would wait for it
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
    """Rows as a table, under the columns' own names or others; a missing or undefined value is a dash. On a terminal
    it fits the width.
    """
    from recmtl.cli.plain import plain
    from recmtl.cli.table import Column, print_columns

    headings = dict(columns) if isinstance(columns, Mapping) else {column: column for column in columns}
    if title:
        print(plain(title))
    print_columns(
        [
            Column(
                heading,
                [_text(row.get(name)) for row in rows],
                is_text=all(isinstance(row.get(name), str) for row in rows),
            )
            for name, heading in headings.items()
        ]
    )


def print_error(error: RecmtlError, command: str, as_json: bool) -> None:
    """One sentence and its mend, to stderr; as JSON, to stdout."""
    with suppress(OSError):  # of a full disk below a stream, when this may be the very error
        sys.stderr.write(f"error: {error}\n")
        if as_json:
            print_json({"schema_version": SCHEMA_VERSION, "command": command, **error_fields(error)})


def error_fields(error: RecmtlError) -> dict[str, Any]:
    """What the JSON says of a failure."""
    return {"status": "error", "code": error.exit_code, "message": error.message, "hint": error.hint}


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
