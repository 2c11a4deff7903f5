"""What every config is made of: the base class, and components that are chosen by their `name`.

A family of components (models, losses, data sets, ...) is an open union: a subclass with a `name` of its own
registers itself when its module is imported, so adding one is adding one file. Reading a file into a config is the
work of `recipe.py`.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class Config(BaseModel):
    """Frozen, refuses unknown keys, converts nothing: "3" is no number and 1 is no bool; NaN and infinity are
    refused.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    def document(self) -> dict[str, Any]:
        """The whole config as JSON values, defaults included."""
        return self.model_dump(mode="json")


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
            if other is not None and other.__qualname__ != cls.__qualname__:
                raise TypeError(f"two {cls.family}s are named {name!r}: {other.__module__} and {cls.__module__}")
            cls.kinds[name] = cls


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
        family = schema["metadata"]["family"]  # type: ignore[typeddict-item]
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
    if name not in family.kinds:
        what = "the key 'name' is missing" if name is None else f"no {family.family} is named {name!r}"
        raise PydanticCustomError("component", "{problem}", {"problem": f"{what}{nearest(name, family.kinds)}"})
    try:
        return family.kinds[name].model_validate(dict(value))
    except ValidationError as error:
        # pydantic would flatten these to one text without their keys; problems() puts them back under the outer key
        raise PydanticCustomError(
            "nested", "is not valid", {"problems": problems(error, family.kinds[name])}
        ) from error


def nearest(name: object, known: Iterable[str]) -> str:
    """The end of an error about a wrong name: the nearest right one, or all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(str(name), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def problems(error: ValidationError, model: type[BaseModel]) -> list[tuple[str, str]]:
    """Every problem as (key path, what is wrong), unknown keys with the nearest known one."""
    found: list[tuple[str, str]] = []
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        context = item.get("ctx", {})
        if item["type"] == "nested":
            found += [(".".join(filter(None, (path, inner))), what) for inner, what in context["problems"]]
        elif item["type"] == "extra_forbidden":
            found.append((path, f"is not a known key{nearest(item['loc'][-1], _fields_at(model, item['loc'][:-1]))}"))
        elif item["type"] == "missing":
            found.append((path, "is missing"))
        else:
            text = item["msg"].removeprefix("Value error, ")
            found.append((path, text[:1].lower() + text[1:] + _shown(item["input"])))
    return found


def _fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys that `model` knows at `path`."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)


def _shown(value: object) -> str:
    return f", not {value!r}" if isinstance(value, str | int | float | bool | None) else ""
