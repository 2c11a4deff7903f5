"""The names of files and folders in a split: any text fits into one, and two texts never share one."""

import hashlib
from urllib.parse import quote

MAX_ENCODED = 200
"""Longer ones are cut: file systems end at 255."""


def domain_folder(domain: str) -> str:
    """The folder of a domain's rows: `domain=<d>`, with what a path cannot hold percent-encoded, as Hive does."""
    return f"domain={_encoded(domain)}"


def vocabulary_file(table: str) -> str:
    """The file of a table's vocabulary."""
    return f"{_encoded(table)}.parquet"


def _encoded(text: str) -> str:
    """Percent-encoded; what is cut off from a long one is told apart by a hash."""
    encoded = quote(text, safe=" ")
    if len(encoded) <= MAX_ENCODED:
        return encoded
    return f"{encoded[: MAX_ENCODED - 17]}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"
