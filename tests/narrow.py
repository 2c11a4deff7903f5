"""Models of a few narrow layers: a test of what a model does, whatever its widths are, takes a part of the time."""

from typing import Any, TypeVar

from recmtl.config import Config

ConfigT = TypeVar("ConfigT", bound=Config)

LAYER, OTHER = 16, 32
"""Greatest width in a list of layers' widths, and in a number alone: some of these have to be the larger one."""


def narrow(config: ConfigT) -> ConfigT:
    """The same config with every width in it, and in what it holds, cut to these. A count of steps is no width."""
    document = {name: _narrowed(name, getattr(config, name)) for name in type(config).model_fields}
    return type(config).model_validate(document)


def _narrowed(name: str, value: Any) -> Any:
    if isinstance(value, Config):
        return narrow(value)
    if isinstance(value, tuple):
        return tuple(min(width, LAYER) if isinstance(width, int) else width for width in value)
    is_width = isinstance(value, int) and not isinstance(value, bool) and not name.endswith("_steps")
    return min(value, OTHER) if is_width else value
