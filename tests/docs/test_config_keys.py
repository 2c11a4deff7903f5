"""docs/config_keys.md is what the command prints, and it is about every key there is."""

import json
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from recmtl.config import Component, Config
from recmtl.pipelines.config_keys import Table, config_keys
from recmtl.pipelines.config_schema import SECTIONS, document_model
from recmtl.recipe import KEYS

PAGE = Path(__file__).parent.parent.parent / "docs/config_keys.md"


def classes(kind=Config):
    """Every config class of ours that a config may hold, found without looking at the tables."""
    for inner in kind.__subclasses__():
        if re.match(r"recmtl\.(?!testing|schema|estimator)", inner.__module__) and inner is not document_model():
            yield inner
        yield from classes(inner)


CLASSES = set(classes())
FAMILIES = {kind.family: kind for kind in CLASSES if Component in kind.__bases__}


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    """Ours: other tests register components of theirs."""
    return [table for table in config_keys() if table.member is None or class_of(table) in CLASSES]


def class_of(table):
    family = SECTIONS.get(table.title) or FAMILIES.get(table.title)
    return family.kinds[table.member] if table.member is not None else family


def test_the_page_is_what_the_command_prints(recmtl, tmp_path):
    """In a process of its own: other tests register components of theirs."""
    ran = recmtl("config", "keys", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert ran.out == PAGE.read_text(), "run: recmtl config keys > docs/config_keys.md"


def test_every_key_says_what_it_means(tables):
    lacking = [(table.title, table.member, key.name) for table in tables for key in table.keys if not key.meaning]
    assert lacking == [], "give the field a docstring"
    assert [table.member for table in tables if table.member and not table.text] == []


def test_every_field_of_every_class_is_there(tables):
    told = {(key.name.split(".")[-1], key.meaning) for table in tables for key in table.keys}
    fields = [(kind, name, kind.model_fields[name]) for kind in CLASSES for name in kind.__annotations__
              if name in kind.model_fields and not (name == "name" and issubclass(kind, Component))]  # fmt: skip
    assert len(fields) > 40
    for kind, name, field in fields:
        assert (name, " ".join((field.description or "").split())) in told, (kind, name)
    assert {key.name for key in tables[0].keys} | set(SECTIONS) == set(KEYS)


def test_every_member_is_there(tables):
    members = {(family, name) for family in FAMILIES.values() for name, kind in family.kinds.items() if kind in CLASSES}
    assert members == {(next(f for f in FAMILIES.values() if issubclass(class_of(t), f)), t.member)
                       for t in tables if t.member is not None}  # fmt: skip


def test_a_default_given_by_hand_changes_nothing(tables):
    checked = 0
    for table in tables[1:]:
        kind = class_of(table)
        if any(field.is_required() for field in kind.model_fields.values()):
            continue  # a family, or a member that must be told something
        if table.member is not None or not issubclass(kind, Component):
            given = {key.name: json.loads(key.default) for key in table.keys if key.default and "." not in key.name}
            assert kind.model_validate(given) == kind()
            checked += len(given)
    assert checked > 40


def test_programs_get_them_as_json(recmtl, tmp_path):
    found = recmtl("config", "keys", "--json", cwd=tmp_path).json["keys"]
    momentum = next(key for key in found if key["of"] == "sgd" and key["name"] == "momentum")
    assert momentum["where"] == ["train.optimizer"] and momentum["default"] == 0.0
    assert momentum["type"] == "number >= 0, < 1"
    epochs = next(key for key in found if key["where"] == ["train"] and key["name"] == "epochs")
    assert (epochs["type"], epochs["default"], epochs["of"]) == ("integer > 0", 10, None)


def test_links_within_the_page_lead_somewhere():
    page = PAGE.read_text()
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.*)$", page, re.M)}
    links = re.findall(r"\]\(#([^)]+)\)", page)
    assert links and set(links) <= headings


def test_types_are_told_in_json_s_words():
    """Of a class made up here, whose answers are known."""
    from typing import Annotated, Literal

    from pydantic import Field, PositiveInt

    from recmtl.pipelines.config_keys import keys_of

    class Inner(Config):
        deep: bool = True
        """Yes."""

    class MadeUp(Config):
        must: str
        """A."""
        widths: Annotated[tuple[PositiveInt, ...], Field(min_length=2)] = (1, 2)
        """B."""
        maybe: Literal["x", "y"] | None = None
        """C."""
        share: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(default_factory=dict)
        """D | E."""
        inner: Inner = Inner()
        """F."""
        several: tuple[Inner, ...] = Field(min_length=1)
        """G."""
        perhaps: Inner | None = None
        """H."""

    assert [(key.name, key.type, key.default) for key in keys_of(MadeUp)] == [
        ("must", "text", None),
        ("widths", "list: integer > 0 (length at least 2)", "[1, 2]"),
        ("maybe", '"x" or "y" or null', "null"),
        ("share", "object, by name: number > 0, <= 1", "{}"),
        ("inner", "object", None),
        ("inner.deep", "true or false", "true"),
        ("several", "list: object (length at least 1)", None),
        ("several[].deep", "true or false", "true"),
        ("perhaps", "object or null", "null"),
        ("perhaps.deep", "true or false", "true"),
    ]
    assert TypeAdapter(MadeUp).validate_python({"must": "x", "several": [{}]}).widths == (1, 2)
