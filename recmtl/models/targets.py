"""Which feature a sequence is a history of."""

from collections.abc import Sequence

from recmtl.schema import Schema


def targets_of(schema: Schema, fields: Sequence[str]) -> tuple[int | None, ...]:
    """For each sequence the place in `fields` of the first feature with one id that shares its table; None if there is
    none.
    """
    places: dict[str, int] = {}
    for feature in schema.embedded:
        if feature.name in fields:
            places.setdefault(feature.table, fields.index(feature.name))
    return tuple(places.get(feature.table) for feature in schema.sequences)
