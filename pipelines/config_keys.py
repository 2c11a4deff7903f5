"""Every key of a config, with its type, default and meaning, read off the config classes."""

import inspect
import json
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from recmtl.config import Component, Config
from recmtl.pipelines.config_schema import SECTIONS, document_model

Family = type[Component]


@dataclass(frozen=True)
class Key:
    """A key of an object."""

    name: str
    """With dots where it lies deeper."""
    type: str
    """In words; a family by its name."""
    default: str | None
    """As JSON; None if the key must be given, or if its own keys have the defaults."""
    required: bool
    meaning: str
    family: str | None = None
    """The family that the value is one of."""


@dataclass(frozen=True)
class Table:
    """The keys of a section, of a family (what all its members have), or of a member."""

    title: str
    where: Sequence[str]
    """Key paths where it may stand."""
    text: str
    keys: Sequence[Key]
    member: str | None = None
    """Its `name`, if it is a member of the family in `title`."""


def config_keys() -> list[Table]:
    """What stands beside the sections, the sections, then the families that their values are chosen from; a family's
    members follow it.
    """
    beside = list(keys_of(document_model(), without=SECTIONS))
    tables = [Table("Beside the sections", [], "", beside)]
    families: dict[Family, list[str]] = {}
    for section, kind in SECTIONS.items():
        tables += tables_of(section, [section], kind)
        _collect(section, kind, families)
    return tables + [table for family, where in families.items() for table in tables_of(family.family, where, family)]


def tables_of(title: str, where: Sequence[str], kind: type[Config]) -> Iterator[Table]:
    """Of a section's class or family: what all have, then what each member of the family has of its own."""
    yield Table(title, where, _text(kind), list(keys_of(kind)))
    for name, member in sorted(_members(kind).items()):
        shared = {key: field for key, field in kind.model_fields.items() if _same(field, member.model_fields[key])}
        yield Table(title, where, _text(member), list(keys_of(member, without=shared)), member=name)


def _members(kind: type[Config]) -> dict[str, type[Config]]:
    """Ours: a program may have registered its own."""
    if not issubclass(kind, Component):
        return {}
    return {name: member for name, member in kind.kinds.items() if not member.__module__.startswith("recmtl.testing.")}


def keys_of(kind: type[BaseModel], prefix: str = "", without: Container[str] = ()) -> Iterator[Key]:
    """The keys of a class, those of a nested object after its own; a component's `name` says which one it is, and is
    left out.
    """
    for name, field in kind.model_fields.items():
        if (name == "name" and issubclass(kind, Component)) or name in without:
            continue
        family, inner = _family(field.annotation), _inner(field.annotation)
        yield Key(
            prefix + (field.alias or name),
            _words(field.annotation, field.metadata),
            None if inner is field.annotation or field.is_required() else _json(_default(field)),
            field.is_required(),
            " ".join((field.description or "").split()),
            family.family if family else None,
        )
        if inner:
            yield from keys_of(inner, f"{prefix}{name}{_step(field.annotation)}.")


def _step(annotation: Any) -> str:
    """How a path goes on into an object of this type."""
    kinds = {get_origin(part) for part in (annotation, *get_args(annotation))}
    return "[]" if tuple in kinds else ".NAME" if dict in kinds else ""


def _collect(path: str, kind: type[Config], families: dict[Family, list[str]]) -> None:
    """Every family that a key of `kind`, or of its members, chooses from, with the paths of these keys."""
    for owner in (kind, *_members(kind).values()):
        for name, field in owner.model_fields.items():
            family, inner = _family(field.annotation), _inner(field.annotation)
            place = f"{path}.{name}{_step(field.annotation)}"
            if family and place not in families.setdefault(family, []):
                families[family].append(place)
                _collect(place, family, families)
            elif inner:
                _collect(place, inner, families)


def _family(annotation: Any) -> Family | None:
    """The family anywhere in a type."""
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return next(kind for kind in annotation.__mro__ if Component in kind.__bases__)
    return next(filter(None, map(_family, get_args(annotation))), None)


def _inner(annotation: Any) -> type[Config] | None:
    """The config class anywhere in a type, if it is no component."""
    if isinstance(annotation, type) and issubclass(annotation, Config):
        return None if issubclass(annotation, Component) else annotation
    return next(filter(None, map(_inner, get_args(annotation))), None)


def _words(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(parts[0], parts[1:])
    if origin in (Union, UnionType):
        return " or ".join(_words(part, metadata if part is not NoneType else ()) for part in parts)
    if origin is Literal:
        return " or ".join(json.dumps(value) for value in parts)
    if origin is tuple:
        length = "list" if parts[-1] is Ellipsis else f"list of {len(parts)}"
        return f"{length}: {_words(parts[0])}{_bounds(metadata)}"
    if origin is dict:
        names = _words(parts[0]) if get_origin(parts[0]) is Literal else "name"
        return f"object, by {names}: {_words(parts[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return annotation.family
    return _NAMES.get(annotation, "object") + _bounds(metadata)


_NAMES = {int: "integer", float: "number", str: "text", bool: "true or false", NoneType: "null"}


def _bounds(metadata: Sequence[Any]) -> str:
    """What a number's value, or the length of a list or text, is held to."""
    flat = [item for entry in metadata for item in (entry.metadata if isinstance(entry, FieldInfo) else [entry])]
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    values = [f"{sign} {getattr(item, name)}" for item in flat for name, sign in signs.items() if hasattr(item, name)]
    lengths = [f"at least {item.min_length}" for item in flat if getattr(item, "min_length", None)]
    lengths += [f"at most {item.max_length}" for item in flat if getattr(item, "max_length", None)]
    return (f" {', '.join(values)}" if values else "") + (f" (length {', '.join(lengths)})" if lengths else "")


def _same(field: FieldInfo, other: FieldInfo) -> bool:
    """Nothing changed in a subclass; a default that was built anew counts as the same."""
    return field.annotation == other.annotation and _default(field) == _default(other)


def _default(field: FieldInfo) -> Any:
    return ... if field.is_required() else field.get_default(call_default_factory=True)


def _json(value: Any) -> str:
    if isinstance(value, Component):
        return json.dumps(value.name if value == type(value)(name=value.name) else value.document())
    return json.dumps(value)


def _text(kind: type[BaseModel]) -> str:
    """The first paragraph of its docstring."""
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())


BAR = "\\|"
"""A bar within a cell."""
INTRODUCTION = """\
# Config keys

Every key of a config, as `recmtl config keys` prints it: what this version knows. [config.md](config.md) shows how the
keys go together. Where a value is one of several things, it is an object with a `name` and the keys below that name; or
the bare name, if nothing else is set."""


def as_markdown(tables: Sequence[Table]) -> str:
    """A page."""
    return "\n\n".join([INTRODUCTION, *map(_section, tables)])


def as_json(tables: Sequence[Table]) -> list[dict[str, Any]]:
    """One object for each key: where it may stand, of which member, and what the table says of it."""
    return [
        {"where": list(table.where), "of": table.member, **key_as_json(key)} for table in tables for key in table.keys
    ]


def key_as_json(key: Key) -> dict[str, Any]:
    """With the default as the value that it is."""
    return {**asdict(key), "default": None if key.default is None else json.loads(key.default)}


def _section(table: Table) -> str:
    if table.member is None:
        head, places = f"## {table.title}", [f"`{path}`" for path in table.where if path != table.title]
        where = f"At {', '.join(places)}. " if places else ""
    else:
        head, where = f'### `"name": "{table.member}"`', ""
    parts = [head, where + table.text]
    if table.keys:
        parts.append(markdown_table(["key", "type", "default", "meaning"], [_row(key) for key in table.keys]))
    return "\n\n".join(filter(None, parts))


def _row(key: Key) -> list[str]:
    kind = key.type
    if key.family is not None:
        kind = kind.replace(key.family, f"[{key.family}](#{key.family.replace(' ', '-')})")
    default = "must be given" if key.required else "" if key.default is None else f"`{key.default}`"
    return [f"`{key.name}`", kind, default, key.meaning]


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines of a table."""
    lines = [f"| {' | '.join(text.replace('|', BAR) for text in row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(headings)} |", f"{'|---' * len(headings)}|", *lines])
