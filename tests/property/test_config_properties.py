"""Any text is a config or is refused as one; what is read is what JSON means; what is set is what is found."""

import contextlib
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

import recmtl.data.datasets
import recmtl.models  # noqa: F401  (registers its members, as the line above does)
from recmtl.errors import ConfigError
from recmtl.pipelines.config_schema import SECTIONS as KINDS
from recmtl.recipe import SECTIONS, Recipe, parse, presets, read_recipe

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
# keys that are known somewhere, so that values get past the first check
WORDS = sorted(
    {*KINDS["train"].model_fields, "name", "adam", "mmoe", "random", "seed", "shares", "by", "final_rate", "x"}
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(SECTIONS[:-1]),
    VALUES | st.dictionaries(st.sampled_from(WORDS), VALUES | st.sampled_from(WORDS)),
    max_size=5,
)
PIECES = st.sampled_from([*'{}[]:,"\\', "train", "1e9", "NaN", "null", "\\u", "d800", " ", "\n", "-", "'"])


@settings(max_examples=300, deadline=None)
@given(st.text() | st.lists(PIECES, max_size=20).map("".join))
@example("{")
@example('{"train":"\\ud800"}')
def test_any_text_is_a_config_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert parse(text, "my.json") == json.loads(text)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
def test_a_document_is_read_as_it_is_and_checked_without_an_accident(document: dict[str, Any]) -> None:
    recipe = Recipe("my.json", "my", parse(json.dumps(document), "my.json"))
    assert recipe.document == document
    try:
        recipe.check(KINDS)
    except ConfigError as error:
        assert error.message.startswith("my.json: ")
    else:
        for key, kind in KINDS.items():
            section = recipe.section(key, kind)
            again = Recipe("my.json", "my", {key: json.loads(json.dumps(section.document()))})
            assert again.section(key, kind) == section


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["train", "train.epochs", "model.name", "split.a.b.c", "run"]), VALUES)
def test_what_is_set_is_what_is_found(path: str, value: Any) -> None:
    recipe = Recipe("my.json", "my", {"model": "mmoe"}).with_settings([f"{path}={json.dumps(value)}"])
    found: Any = recipe.document
    for key in path.split("."):
        found = found[key]
    assert found == value


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_setting_is_put_in_or_refused(path: str, value: str) -> None:
    with contextlib.suppress(ConfigError):
        recipe = Recipe("my.json", "my", {}).with_settings([f"train.{path}={value}"])
        assert TypeAdapter(dict[str, Any]).validate_python(recipe.document)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(presets()), st.data())
def test_a_slip_in_any_key_of_a_preset_names_its_path(preset: str, data: st.DataObject) -> None:
    recipe = read_recipe(preset)
    section = data.draw(st.sampled_from([key for key in KINDS if isinstance(recipe.document.get(key), dict)]))
    place, path = recipe.document[section], section
    while inner := [key for key, value in place.items() if isinstance(value, dict)]:
        key = data.draw(st.sampled_from([*inner, None]))
        if key is None:
            break
        place, path = place[key], f"{path}.{key}"
    if path in ("train.losses", "train.balance.weights"):  # there the keys are the user's
        return
    wrong = recipe.with_value(f"{path}.sede_", 1)
    try:
        wrong.check(KINDS)
    except ConfigError as error:
        assert f"{path}.sede_, given as an option, is not a known key" in error.message
    else:
        raise AssertionError(f"{path}.sede_ was not refused")
