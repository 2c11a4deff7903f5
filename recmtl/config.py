"""What every config is made of: the base class, and components that are chosen by their `name`.

A family of components (models, losses, data sets, ...) is an open union: a subclass with a `name` of its own
registers itself when its module is imported, so adding one is adding one file. Reading a file into a config is the
work of `recipe.py`.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class Config(BaseModel):
    """Frozen, refuses unknown keys, converts nothing: "3" is no number and 1 is no bool; NaN and infinity are
    refused. Only lists are read as tuples: JSON has no tuples, and what is frozen holds no lists.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_lists(cls, value: Any) -> Any:
        return frozen(value)

    def document(self) -> dict[str, Any]:
        """The whole config as JSON values, defaults included."""
        return self.model_dump(mode="json")


def frozen(value: Any) -> Any:
    """JSON values with every array as a tuple."""
    if isinstance(value, dict):
        return {key: frozen(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return tuple(frozen(inner) for inner in value)
    return value


class Component(Config):
    """One of a family, chosen by `name`. A direct subclass founds a family; its subclasses with a default `name`
    join it.
    """

    name: str
    """Which one of the family."""

    family: ClassVar[str] = "component"
    """What the family is called in errors."""
    kinds: ClassVar[dict[str, type[Self]]] = {}
    """The family's members by name."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Found a family, or join one under the default of `name`."""
        if Component in cls.__bases__:
            cls.kinds = {}
            return
        name = cls.model_fields["name"].default
        if isinstance(name, str):
            other = cls.kinds.get(name)
            if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
                raise TypeError(f"two {cls.family}s are named {name!r}: {other.__module__} and {cls.__module__}")
            cls.kinds[name] = cast(Any, cls)


NAME_RULE = "a name holds no : / \\ = and begins with no space and no dot"
"""What the schema asks of the names of features, tables, tasks and scores."""
MAX_NAMED = 30
"""Known names in an error."""

FamilyT = TypeVar("FamilyT", bound=Component)


class OneOf:
    """Annotation of a field: `Annotated[LossConfig, OneOf()]` reads `{"name": "focal", ...}`, or "focal" alone, as
    that member.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Look the member up when a value is read, so that members imported later count too."""
        return core_schema.no_info_plain_validator_function(
            lambda value: choose(source, value),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.document()),
            metadata={"family": source},
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """All members known by now, or a member's bare name."""
        family = schema["metadata"]["family"]
        members = [handler(kind.__pydantic_core_schema__) for kind in family.kinds.values()]
        return {"anyOf": [*members, {"enum": sorted(family.kinds)}]}


def choose(family: type[FamilyT], value: Any) -> FamilyT:
    """The member of `family` that `value` describes: a member, a name, or a mapping with the key `name`."""
    if isinstance(value, family):
        return value
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping):
        raise PydanticCustomError("component", "must be a name or an object with the key 'name'")
    name = value.get("name")
    kind = family.kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        what = "lacks the key 'name'" if name is None else f"is {_short(name)}, which is no {family.family}"
        raise PydanticCustomError("component_name", "{problem}", {"problem": f"{what}{nearest(name, family.kinds)}"})
    try:
        return kind.model_validate(dict(value))
    except ValidationError as error:
        # pydantic would flatten these to one text without their keys; problems() puts them back under the outer key
        raise PydanticCustomError("nested", "is not valid", {"problems": problems(error, kind)}) from error


def nearest(name: object, known: Iterable[str]) -> str:
    """The end of an error about a wrong name: the nearest right one, or all of them; nothing if there are none."""
    known = sorted(known)
    named = ", ".join(name for name in known[:MAX_NAMED] if name.isprintable())
    listed = f" (known: {named}{', ...' if len(known) > MAX_NAMED else ''})" if named else ""
    return likely(name, known) or listed


def likely(name: object, known: Iterable[str]) -> str:
    """The same where all are listed elsewhere: the nearest right one, if one is near."""
    close = [match for match in difflib.get_close_matches(str(name), list(known), n=1) if match.isprintable()]
    return f" (did you mean {close[0]!r}?)" if close else ""


def problems(error: ValidationError, model: type[BaseModel]) -> list[tuple[str, str]]:
    """Every problem as (key path, what is wrong), unknown keys with the nearest known one."""
    found: list[tuple[str, str]] = []
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        context = item.get("ctx", {})
        if item["type"] == "nested":
            found += [(".".join(filter(None, (path, inner))), what) for inner, what in context["problems"]]
        elif item["type"] == "extra_forbidden":
            known = nearest(item["loc"][-1], _keys_at(model, item["loc"][:-1]))
            found.append((path, f"is not a known key{known}{_chosen(item['input'])}"))
        elif item["type"] == "missing":
            found.append((path, "is missing"))
        elif item["type"] == "string_pattern_mismatch":  # the only pattern of a config is that of a name
            found.append((path, f"is no name that can be used: {_short(item['input'])}; {NAME_RULE}"))
        elif item["type"] == "component_name":
            found.append((path, item["msg"]))
        else:
            text = plain_words(item["msg"])
            text = f"is not valid: {text}" if item["type"] == "value_error" else text[:1].lower() + text[1:]
            told = isinstance(item["input"], str) and repr(item["input"]) in text
            found.append((path, text if told else text + _shown(item["input"])))
    return found


def plain_words(text: str) -> str:
    """What pydantic says, for someone who writes JSON or options."""
    for said, plain in _PLAIN.items():
        text = re.sub(said, plain, text)
    return text


_PLAIN = {
    "Value error, ": "",
    ", unable to parse .*": "",
    " or instance of [A-Za-z]+": "",
    " after validation": "",
    "(Tuple|List|Dictionary|String) should": "must",
    "Input should be": "must be",
    "must be True": "must be true",
    "must be False": "must be false",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid string": "a text",
    "a valid boolean": "true or false",
    "a valid dictionary": "an object",
    "a valid tuple": "a list",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
"""Patterns of pydantic's words -> plain ones."""


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> set[str]:
    """The keys that may stand at `path` in `model`."""
    models = {model}
    for part in path:  # one that no field has is a place in a list, a key of a mapping or a member of a union
        fields = [inner.model_fields[str(part)] for inner in models if str(part) in inner.model_fields]
        models = {inner for field in fields for inner in _models_in(field.annotation)} or models
    return {key for inner in models for key in inner.model_fields}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The config classes anywhere in a type such as `tuple[Inner, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _shown(value: object) -> str:
    return f", not {_short(value)}" if isinstance(value, str | int | float | bool | None) else ""


def _chosen(value: object) -> str:
    """Of the value of an unknown key: the component that it names."""
    name = value.get("name") if isinstance(value, Mapping) else None
    return f", so {_short(name)} cannot be chosen" if isinstance(name, str) else ""


def _short(value: object) -> str:
    """The value for an error, as in JSON where that has another word for it, cut where it is long."""
    text = json.dumps(value) if isinstance(value, bool | None) else repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."
