"""Configs convert nothing and name every wrong key; components are chosen by name and come back from their JSON."""

import json
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, PositiveInt, TypeAdapter, ValidationError

import recmtl.data.datasets
import recmtl.data.policies
import recmtl.models
import recmtl.training.config  # noqa: F401  (registers its members, as those above do)
from recmtl.config import Component, Config, OneOf, choose, nearest, problems


class Shape(Component):
    family: ClassVar[str] = "shape"
    colour: str = "red"


class Circle(Shape):
    name: Literal["circle"] = "circle"
    radius: float = 1.0


class Polygon(Shape):
    name: Literal["polygon"] = "polygon"
    corners: tuple[tuple[float, float], ...] = ()
    filled: bool = False


class Scene(Component):
    family: ClassVar[str] = "scene"


class Row(Scene):
    name: Literal["row"] = "row"
    members: tuple[Annotated[Shape, OneOf()], ...] = ()


class Frame(Config):
    width: PositiveInt = 1
    height: int | None = None


class Drawing(Config):
    size: PositiveInt
    shape: Annotated[Shape, OneOf()] = Circle()
    scenes: tuple[Annotated[Scene, OneOf()], ...] = ()
    by_layer: dict[str, Annotated[Shape, OneOf()]] = Field(default_factory=dict)
    frame: Frame | None = None
    frames: tuple[Frame, ...] = ()
    named: dict[str, Frame] = Field(default_factory=dict)


def wrong(value: Any, model: type[Config] = Drawing) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    return dict(problems(caught.value, model))


def families(root: type[Component] = Component) -> list[type[Component]]:
    return [kind for kind in root.__subclasses__() if kind.__module__.startswith("recmtl.")]


MEMBERS = [(family, name) for family in families() for name in sorted(family.kinds)]


# what a config refuses


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Drawing, {"size": "3"}),
        (Drawing, {"size": 3.0}),
        (Drawing, {"size": True}),
        (Circle, {"radius": "3"}),
        (Circle, {"radius": float("nan")}),
        (Circle, {"radius": float("inf")}),
        (Circle, {"radius": 10**400}),
        (Circle, {"radius": True}),
        (Circle, {"colour": 3}),
        (Polygon, {"filled": 1}),
        (Polygon, {"filled": "true"}),
        (Polygon, {"corners": "12"}),
        (Polygon, {"corners": {"0": [1.0, 2.0]}}),
        (Polygon, {"corners": [[1.0, 2.0, 3.0]]}),
    ],
)
def test_nothing_is_converted(kind: type[Config], value: dict[str, Any]) -> None:
    key = next(iter(value))
    assert all(path.split(".")[0] == key for path in wrong(value, kind))


def test_a_whole_number_is_a_number_and_a_list_is_a_tuple() -> None:
    assert Circle(radius=3).radius == 3.0
    polygon = Polygon.model_validate({"corners": [[0, 0], [1, 0.5]]})
    assert polygon.corners == ((0.0, 0.0), (1.0, 0.5))
    assert hash(polygon) == hash(Polygon(corners=((0.0, 0.0), (1.0, 0.5))))


def test_a_config_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Circle().radius = 2.0  # type: ignore[misc]


def test_a_wrong_default_is_refused() -> None:
    class Broken(Config):
        size: PositiveInt = 0

    with pytest.raises(ValidationError):
        Broken()


# every wrong key, with its path


def test_every_problem_is_named_at_once() -> None:
    found = wrong(
        {
            "sise": 1,
            "shape": {"name": "circel"},
            "by_layer": {"front": {"name": "circle", "radius": "big", "colur": "red"}, "back": 7},
            "frame": {"widht": 3},
            "frames": [{}, {"hieght": 3, "width": 0}],
            "named": {"outer": {"with": 3}},
        }
    )
    assert found == {
        "size": "is missing",
        "sise": "is not a known key (did you mean 'size'?)",
        "shape": "is 'circel', which is no shape (did you mean 'circle'?)",
        "by_layer.front.radius": "must be a number, not 'big'",
        "by_layer.front.colur": "is not a known key (did you mean 'colour'?)",
        "by_layer.back": "must be a name or an object with the key 'name', not 7",
        "frame.widht": "is not a known key (did you mean 'width'?)",
        "frames.1.hieght": "is not a known key (did you mean 'height'?)",
        "frames.1.width": "must be greater than 0, not 0",
        "named.outer.with": "is not a known key (did you mean 'width'?)",
    }


def test_components_in_components_and_in_lists_keep_their_path() -> None:
    second = {"name": "row", "members": ["circle", {"name": "polygon", "fillt": True}, {"radius": 1}]}
    assert wrong({"size": 1, "scenes": ["row", second]}) == {
        "scenes.1.members.1.fillt": "is not a known key (did you mean 'filled'?)",
        "scenes.1.members.2": "lacks the key 'name' (known: circle, polygon)",
    }


@pytest.mark.parametrize("name", [[], {}, {"a": 1}, 3, True, ["circle"], ""])
def test_a_name_that_is_no_name_is_refused(name: object) -> None:
    (problem,) = wrong({"size": 1, "shape": {"name": name}}).values()
    assert "which is no shape" in problem


def test_a_long_value_is_cut_in_the_error() -> None:
    (problem,) = wrong({"size": "9" * 100_000}).values()
    assert len(problem) < 200


def test_nearest() -> None:
    assert nearest("lerning_rate", ["learning_rate", "momentum"]) == " (did you mean 'learning_rate'?)"
    assert nearest("zzz", ["b", "a"]) == " (known: a, b)"
    assert nearest("zzz", []) == ""


# families


def test_a_bare_name_an_object_and_a_member_are_the_same() -> None:
    assert choose(Shape, "circle") == choose(Shape, {"name": "circle"}) == choose(Shape, Circle()) == Circle()


def test_a_member_of_another_family_is_refused() -> None:
    class Sound(Component):
        family: ClassVar[str] = "sound"

    class Beep(Sound):
        name: Literal["beep"] = "beep"

    assert set(Sound.kinds) == {"beep"}
    assert "beep" not in Shape.kinds
    assert wrong({"size": 1, "shape": Beep()}) == {"shape": "must be a name or an object with the key 'name'"}


def test_a_member_imported_later_counts() -> None:
    reader: TypeAdapter[Shape] = TypeAdapter(Annotated[Shape, OneOf()])
    try:

        class Late(Shape):
            name: Literal["late"] = "late"

        assert reader.validate_python("late") == Late()
    finally:
        Shape.kinds.pop("late")


def declare(module: str, qualname: str) -> type[Shape]:
    """A member named circle, as `class qualname` in `module` would declare it."""
    space: dict[str, Any] = {
        "__module__": module,
        "__qualname__": qualname,
        "__annotations__": {"name": Literal["circle"]},
        "name": "circle",
    }
    return type(Shape)(qualname, (Shape,), space)


@pytest.mark.parametrize(("module", "qualname"), [("elsewhere", "Circle"), (__name__, "Other")])
def test_two_members_of_one_name_are_refused(module: str, qualname: str) -> None:
    with pytest.raises(TypeError, match="two shapes are named 'circle'"):
        declare(module, qualname)
    assert Shape.kinds["circle"] is Circle


def test_a_module_may_be_loaded_again() -> None:
    try:
        again = declare(__name__, "Circle")
        assert Shape.kinds["circle"] is again
    finally:
        Shape.kinds["circle"] = Circle


# every component there is


NEEDED: dict[str, dict[str, Any]] = {
    "table": {"train": "a.csv", "tasks": [{"name": "click", "kind": "binary"}], "categorical": ["user"]},
    "census_one_hot": {"train": "train", "test": "test"},
}
"""Keys that have no default."""


def test_the_known_families_have_members() -> None:
    names = {family.family for family in families()}
    assert {"data set", "split policy", "optimizer", "loss"} <= names
    assert len(MEMBERS) > 20


@pytest.mark.parametrize(("family", "name"), MEMBERS, ids=[f"{family.family}-{name}" for family, name in MEMBERS])
def test_every_component_comes_back_from_its_json(family: type[Component], name: str) -> None:
    member = choose(family, {"name": name, **NEEDED.get(name, {})})
    document = json.loads(json.dumps(member.document(), allow_nan=False))
    assert document["name"] == name
    assert choose(family, document) == member
    assert type(choose(family, document)) is type(member)


# for editors


def test_the_json_schema_lists_every_member_and_its_name_alone() -> None:
    schema = Drawing.model_json_schema()
    either = schema["properties"]["shape"]["anyOf"]
    assert {"enum": ["circle", "polygon"]} in either
    members = [schema["$defs"][choice["$ref"].split("/")[-1]] if "$ref" in choice else choice for choice in either[:-1]]
    assert sorted(member["properties"]["name"]["const"] for member in members) == ["circle", "polygon"]
    assert all(member["additionalProperties"] is False for member in members)
