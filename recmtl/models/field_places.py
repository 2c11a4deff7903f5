"""Where named features stand among the vectors of a row."""

from collections.abc import Sequence

from recmtl.config import nearest
from recmtl.errors import ConfigError


def field_places(names: Sequence[str], fields: Sequence[str], key: str) -> list[int]:
    """Columns of `Encoded.fields_BFD`.

    Args:
        names: of features.
        fields: of all columns, in order: `Plan.fields`.
        key: of the config that gives the names, for errors.

    Raises:
        ConfigError: there is no such feature, or it has no vector.
    """
    for name in names:
        if name not in fields:
            raise ConfigError(f"{key} names the feature {name!r}, which has no vector{nearest(name, fields)}.")
    return [fields.index(name) for name in names]
