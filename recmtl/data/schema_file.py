"""The schema of a split, in its file."""

import json
from pathlib import Path

from recmtl.errors import DamagedError
from recmtl.schema import Schema

NAME = "schema.json"


def save_schema(schema: Schema, split: Path) -> None:
    """Write it into the split at `split`."""
    (split / NAME).write_text(json.dumps(schema.document(), indent=1) + "\n")


def load_schema(split: Path) -> Schema:
    """Read what `save_schema` wrote.

    Raises:
        DamagedError: it is not one.
    """
    try:
        return Schema.model_validate_json((split / NAME).read_bytes())
    except (OSError, ValueError) as error:
        raise DamagedError(f"{split / NAME} is no schema of this version.", hint="Run split-domains again.") from error
