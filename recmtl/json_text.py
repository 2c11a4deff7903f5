"""JSON as a config may hold it: stricter than Python's, and bounded."""

import json
from typing import Any

from recmtl.errors import ConfigError

MAX_DEPTH = 50
"""Objects and arrays in each other; a config that means something has a handful."""


def load(text: str, source: str) -> Any:
    """A value from JSON text, stricter than Python: no key twice, no NaN, no integer of more than 64 bits.

    Raises:
        json.JSONDecodeError: it is not JSON.
        ConfigError: one of these, or more than Python can read; begins with `source`.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        document: dict[str, Any] = {}
        for key, value in pairs:
            if key in document:
                raise ConfigError(f"{source}: the key {key!r} stands twice in one object.", hint="Keep one of them.")
            document[key] = value
        return document

    def no_constant(name: str) -> None:
        raise ConfigError(
            f"{source}: {name} is not a number that a config may hold.", hint="Leave the key out for its default."
        )

    def whole(digits: str) -> int:
        if len(digits) > 25 or not -(2**63) <= int(digits) < 2**63:  # Python would not read 5,000 digits
            raise ConfigError(f"{source}: the number {digits[:25]}{'...' * (len(digits) > 25)} is too large.")
        return int(digits)

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant, parse_int=whole)
    except RecursionError as error:
        raise _too_deep(source) from error


def checked(value: Any, source: str) -> Any:
    """The value, if everything after can hold it: of bounded depth, its texts writable as UTF-8."""
    level = [value]
    for _ in range(MAX_DEPTH):
        nested = [inner for inner in level if isinstance(inner, dict | list)]
        level = [item for inner in nested for item in (inner.values() if isinstance(inner, dict) else inner)]
    if any(isinstance(inner, dict | list) for inner in level):
        raise _too_deep(source)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{source}: a text holds half a character (a lone surrogate).") from error
    return value


def _too_deep(source: str) -> ConfigError:
    return ConfigError(f"{source}: objects are nested too deeply; at most {MAX_DEPTH} may stand in each other.")
