"""A foreign document is read key by key, so that what nobody has read can be named."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from recmtl.config import likely
from recmtl.errors import ConfigError

ValueT = TypeVar("ValueT", bool, int, float, str, dict[str, Any])
ItemT = TypeVar("ItemT", int, float, str)
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", dict: "an object"}
Path = tuple[str, ...]
NULL = object()
"""In a translation: the value null, where None would mean that the key is not there."""


@dataclass(frozen=True)
class Translation:
    """What a foreign document says in the sections of a recipe."""

    document: dict[str, Any]
    notes: tuple[str, ...]
    """One line for each key that says nothing here, or that did not do there what it says."""


@dataclass
class Reader:
    """A foreign document, with what has been read of it. A path has dots: `train.epoch`."""

    document: Mapping[str, Any]
    source: str
    """The file, for errors."""
    system: str = ""
    """Whose config it is, for notes."""
    notes: list[str] = field(default_factory=list)
    _asked: dict[Path, None] = field(default_factory=dict)

    def has(self, path: str) -> bool:
        """Whether the key is there."""
        return self._find(path) is not None

    def take(self, path: str, kind: type[ValueT]) -> ValueT | None:
        """The value of a key; None if it is not there.

        Raises:
            ConfigError: it is of another kind.
        """
        value = self._find(path)
        if value is not None and not _is(value, kind):
            raise ConfigError(f"{self.source}: {path} must be {_KINDS[kind]}, not {_short(value)}.")
        return float(value) if kind is float and value is not None else value  # type: ignore[return-value]

    def items(self, path: str, kind: type[ItemT]) -> list[ItemT] | None:
        """The items of a list; None if the key is not there.

        Raises:
            ConfigError: it is no list, or holds another kind.
        """
        value = self._find(path)
        if value is None:
            return None
        if not isinstance(value, list) or not all(_is(item, kind) for item in value):
            raise ConfigError(f"{self.source}: {path} must be a list, each item {_KINDS[kind]}, not {_short(value)}.")
        return value

    def leave(self, why: str, *paths: str) -> None:
        """Leave keys out, with a note for each that is there."""
        self.notes += [f"{path} {why}: left out" for path in paths if self.has(path)]

    def dead(self, why: str, *paths: str) -> None:
        """Leave keys out that did nothing there either."""
        self.leave(f"had no effect in {self.system}{why and f' ({why})'}", *paths)

    def unasked(self, section: str, keys: Iterable[str]) -> list[str]:
        """The paths of those of the keys of a section that nobody has asked for yet."""
        return [f"{section}.{key}" for key in keys if (section, key) not in self._asked]

    def finish(self, document: Mapping[str, Any]) -> Translation:
        """The translation, after everything that is known was read: the rest is named; what is None is not there."""
        known = {path[-1] for path in self._asked}
        for path in self._unread(self.document, ()):
            place = ".".join(path)
            self.notes.append(f"{place} is not known in {self.system}{likely(path[-1], known)}: left out")
        return Translation(_without_none(document), tuple(self.notes))

    def _find(self, path: str) -> Any:
        keys = tuple(path.split("."))
        self._asked[keys] = None
        place: Any = self.document
        for key in keys:
            place = place.get(key) if isinstance(place, dict) else None
        return place

    def _unread(self, place: Mapping[str, Any], path: Path) -> Iterator[Path]:
        for key, value in place.items():
            inner = (*path, key)
            if inner in self._asked:
                continue
            if isinstance(value, dict) and any(asked[: len(inner)] == inner for asked in self._asked):
                yield from self._unread(value, inner)
            else:
                yield inner


def _is(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def _without_none(document: Mapping[str, Any]) -> dict[str, Any]:
    inner = {key: _without_none(value) if isinstance(value, dict) else value for key, value in document.items()}
    return {key: None if value is NULL else value for key, value in inner.items() if value is not None}
