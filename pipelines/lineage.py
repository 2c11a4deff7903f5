"""Which splits a split adds to: what was found on the ids of those holds on it as well."""

from recmtl.artifacts.manifest import Manifest

BASES = "bases"
"""In a split's manifest: the hashes of the splits that it extends, the nearest first."""


def extended_by(split: Manifest) -> tuple[str, ...]:
    """The hashes of the splits that this one extends, directly or over others."""
    found = split.notes.get(BASES, [])
    return tuple(str(digest) for digest in found) if isinstance(found, list) else ()
