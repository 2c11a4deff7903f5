"""A config file becomes sections: defaults, file, --set; whatever is wrong with the file is said, with its place."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, PositiveInt

from recmtl.config import Component, Config, OneOf
from recmtl.errors import ConfigError
from recmtl.recipe import KEYS, MAX_DEPTH, Recipe, parse, presets, read_recipe


class Engine(Component):
    family: ClassVar[str] = "engine"
    power: float = 1.0


class Steam(Engine):
    name: Literal["steam"] = "steam"
    boilers: tuple[int, ...] = (1,)


class Diesel(Engine):
    name: Literal["diesel"] = "diesel"
    cylinders: PositiveInt = 4


class Wheels(Config):
    count: PositiveInt = 4
    size: float = 1.0


class Train(Config):
    epochs: PositiveInt = 10
    label: str = "none"
    engine: Annotated[Engine, OneOf()] = Steam()
    engines: dict[str, Annotated[Engine, OneOf()]] = Field(default_factory=dict)
    wheels: Wheels = Wheels()


def recipe(document: dict[str, Any]) -> Recipe:
    return Recipe("my.json", "my", parse(json.dumps(document), "my.json"))


def train(document: dict[str, Any], *settings: str) -> Train:
    return recipe({"train": document}).with_settings(settings).section("train", Train)


def refused(*settings: str, document: dict[str, Any] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        train(document or {}, *settings)
    return str(caught.value)


def refused_text(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, "my.json")
    assert caught.value.exit_code == 2
    assert caught.value.message.startswith("my.json: ")
    return caught.value.message


def refused_file(path: Path | str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_recipe(str(path))
    return str(caught.value)


# what counts


def test_defaults_then_file_then_set() -> None:
    assert train({}) == Train()
    assert recipe({}).section("train", Train) == Train()
    assert train({"epochs": 3, "wheels": {"size": 2.0}}).wheels == Wheels(count=4, size=2.0)
    found = train({"epochs": 3, "wheels": {"size": 2.0}}, "train.epochs=5", "train.wheels.count=6")
    assert found == Train(epochs=5, wheels=Wheels(count=6, size=2.0))


def test_the_last_set_counts() -> None:
    assert train({}, "train.epochs=5", "train.epochs=7").epochs == 7


def test_settings_leave_the_recipe_as_it_was() -> None:
    before = recipe({"train": {"wheels": {"count": 2}}})
    after = before.with_settings(["train.wheels.count=3"])
    assert before.section("train", Train).wheels.count == 2
    assert after.section("train", Train).wheels.count == 3
    assert (after.source, after.name) == (before.source, before.name)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("train.epochs=5", Train(epochs=5)),
        ("train.label=five", Train(label="five")),
        ("train.label=", Train(label="")),
        ("train.label=a=b", Train(label="a=b")),
        ("train.label=[1,2", Train(label="[1,2")),
        ('train.label="5"', Train(label="5")),
        ("train.engine=diesel", Train(engine=Diesel())),
        ('train.engine={"name": "diesel", "cylinders": 6}', Train(engine=Diesel(cylinders=6))),
        ("train.engine.boilers=[3, 4]", Train(engine=Steam(boilers=(3, 4)))),
        ("train.engines.front=diesel", Train(engines={"front": Diesel()})),
        ('train={"epochs": 2}', Train(epochs=2)),
    ],
)
def test_a_value_of_set_is_json_or_else_text(setting: str, expected: Train) -> None:
    document = {"engine": "steam"} if "boilers" in setting else {}
    assert train(document, setting) == expected


def test_a_component_given_by_its_name_takes_settings() -> None:
    assert train({"engine": "diesel"}, "train.engine.cylinders=8") == Train(engine=Diesel(cylinders=8))
    assert train({"engines": {"a": "diesel"}}, "train.engines.a.power=2").engines == {"a": Diesel(power=2.0)}


def test_a_family_is_a_section_too() -> None:
    assert recipe({"model": "diesel"}).section("model", Engine) == Diesel()
    assert recipe({"model": {"name": "diesel", "cylinders": 2}}).section("model", Engine) == Diesel(cylinders=2)
    missing = r"^my.json: the section 'model' is missing; it names one of: diesel, steam\.$"
    with pytest.raises(ConfigError, match=missing):
        recipe({}).section("model", Engine)


# what is wrong, with its path


def test_all_that_is_wrong_in_all_sections_is_said_at_once() -> None:
    document = {
        "train": {"epocs": 1, "wheels": {"cuont": 1, "size": "2"}, "engines": {"a": {"name": "stem"}}},
        "model": {"name": "diesel", "cilinders": 3, "power": True},
        "prune": None,
    }
    with pytest.raises(ConfigError) as caught:
        recipe(document).check({"train": Train, "model": Engine, "prune": Wheels})
    message = caught.value.message
    assert message.startswith("my.json: ")
    for problem in (
        "train.epocs is not a known key (did you mean 'epochs'?)",
        "train.wheels.cuont is not a known key (did you mean 'count'?)",
        "train.wheels.size must be a number, not '2'",
        "train.engines.a is 'stem', which is no engine (did you mean 'steam'?)",
        "model.cilinders is not a known key (did you mean 'cylinders'?)",
        "model.power must be a number, not true",
        "prune must be",
    ):
        assert problem in message
    assert message.count(";") == 6  # between the seven


def test_a_good_config_passes_the_check() -> None:
    recipe({"train": {"epochs": 2}, "model": "steam"}).check({"train": Train, "model": Engine, "prune": Wheels})


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("train.epochs", "is not KEY=VALUE"),
        ("=5", "is not KEY=VALUE"),
        ("trian.epochs=5", "'trian' is no section of a config (did you mean 'train'?)"),
        ("epochs=5", "'epochs' is no section of a config"),
        ("train.epochs.x=5", "'epochs' is a value, it has no key below it"),
        ("train.list.0=5", "'list' is a value, it has no key below it"),
        ("train..epochs=5", "is not the path of a key"),
        ("train.=5", "is not the path of a key"),
        (f"train.{'.'.join('x' * 5000)}=5", "is not the path of a key"),
        ("train.epochs=NaN", "NaN is not a number"),
        ("train.wheels.size=-Infinity", "-Infinity is not a number"),
        ("train.wheels.size=1e999", "train.wheels.size, given as an option, must be a finite number"),
        ('train.wheels={"size": 1, "size": 2}', "the key 'size' stands twice"),
        (f"train.epochs={'[' * 100_000}", "nested too deeply"),
        (f"train.epochs={'[' * 60}{']' * 60}", "nested too deeply"),
        (f"train.epochs={'9' * 5000}", "the number 9999999999999999999999999... is too large"),
        ("train.label=\udcff", "half a character"),
        ("train.epochs=five", "train.epochs, given as an option, must be a whole number, not 'five'"),
        ("train.epoch=5", "train.epoch, given as an option, is not a known key (did you mean 'epochs'?)"),
        ("train.engine.name=electric", "train.engine is 'electric', which is no engine (known: diesel, steam)"),
    ],
)
def test_a_wrong_setting_is_named(setting: str, problem: str) -> None:
    assert problem in refused(setting, document={"epochs": 3, "list": [1], "wheels": {}, "engine": "steam"})


# what is no config


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1, column 1: not JSON"),
        ('{\n "train": {\n  "epochs" 3\n }\n}', "line 3, column 12: not JSON"),
        ('{"train": {}} x', "line 1, column 15: not JSON"),
        ("{'train': {}}", "line 1, column 2: not JSON"),
        ("[1]", "is a JSON object, not an array"),
        ("null", "is a JSON object, not null"),
        ("3", "is a JSON object, not a number"),
        ('"train"', "is a JSON object, not a text"),
        ("true", "is a JSON object, not true or false"),
        ('{"train": {}, "train": {}}', "the key 'train' stands twice"),
        ('{"train": {"wheels": [{"a": 1, "b": 2, "a": 3}]}}', "the key 'a' stands twice"),
        ('{"train": {"x": NaN}}', "NaN is not a number"),
        ('{"train": {"x": [Infinity]}}', "Infinity is not a number"),
        ('{"train": {"x": -Infinity}}', "-Infinity is not a number"),
        ('{"train": {"x": ' + "9" * 5000 + "}}", "the number 9999999999999999999999999... is too large"),
        ('{"run": "\\ud800"}', "half a character"),
        ('{"\\udfff": {}}', "half a character"),
        (
            '{"modle": {}, "split": {}, "trian": {}}',
            "'modle' is not a known section (did you mean 'model'?); 'trian' is",
        ),
    ],
)
def test_what_is_no_config_is_refused(text: str, problem: str) -> None:
    assert problem in refused_text(text)


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"train":['])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 500, 5_000, 1_000_000])
def test_bottomless_nesting_is_refused_and_does_no_harm(opening: str, depth: int) -> None:
    closing = "".join("]" if sign == "[" else "}" for sign in reversed([s for s in opening if s in "[{"]))
    assert "nested too deeply" in refused_text('{"train":' + opening * depth + "1" + closing * depth + "}")


def test_nesting_up_to_the_limit_is_fine() -> None:
    text = '{"train":' + "[" * (MAX_DEPTH - 1) + "1" + "]" * (MAX_DEPTH - 1) + "}"
    assert parse(text, "my.json") == json.loads(text)


def test_every_section_is_known() -> None:
    document = {key: {} for key in KEYS}
    assert parse(json.dumps(document), "my.json") == document


# names


@pytest.mark.parametrize("value", ["taobao_10", "Weiß", "a.b", "1"])
def test_a_plain_name_is_a_name(value: str) -> None:
    assert recipe({"data": value}).text("data") == value
    assert recipe({"data": value}).text("run") is None


@pytest.mark.parametrize("value", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "a\n", "C:", 3, True, [], {"x": 1}])
def test_what_is_no_plain_name_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match=r"^my.json: run must be a plain name"):
        recipe({"run": value}).text("run")


# files and presets


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "night.run.json"
    path.write_text('{"train": {"label": "Größe 数"}}', encoding="utf-8")
    found = read_recipe(str(path))
    assert (found.source, found.name) == (str(path), "night.run")
    assert found.section("train", Train).label == "Größe 数"


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "windows.json"
    path.write_bytes(b'\xef\xbb\xbf{\r\n "run": "x"\r\n}\r\n')
    assert read_recipe(str(path)).text("run") == "x"


def test_a_file_that_is_not_utf8_is_refused_with_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "latin.json"
    path.write_bytes('{"run": "Größe"}'.encode("latin-1"))
    assert f"{path}: byte 11 is not UTF-8" in refused_file(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_file_in_a_wide_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "wide.json"
    path.write_bytes('{"run": "x"}'.encode(encoding))
    assert str(path) in refused_file(path)


def test_a_missing_file_names_the_nearest_preset(tmp_path: Path) -> None:
    message = "there is no config file 'taobao10.json' and no preset of that name (did you mean 'taobao_10.json'?)"
    assert message in refused_file("taobao10.json")
    assert "adult.json, adult_sex.json" in refused_file(tmp_path / "none.json")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert "cannot be read" in refused_file(tmp_path)
    assert "cannot be read" in refused_file("x" * 5000)
    (tmp_path / "file").write_text("{}")
    assert "cannot be read" in refused_file(tmp_path / "file" / "below.json")


def test_a_pipe_is_a_file_too(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b'{"run": "piped"}')
        os.close(writing)
        assert read_recipe(f"/dev/fd/{reading}").text("run") == "piped"
    finally:
        os.close(reading)


def test_a_preset_is_found_by_its_name_and_a_file_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = read_recipe("adult.json")
    assert (found.source, found.name) == ("preset adult.json", "adult")
    Path("adult.json").write_text('{"run": "mine"}')
    assert (read_recipe("adult.json").source, read_recipe("adult.json").text("run")) == ("adult.json", "mine")


def test_no_preset_is_found_by_a_path_around_it() -> None:
    assert "adult.json" in presets()
    for config in ("../presets/adult.json", "./none/../adult.json", "__init__.py"):
        assert "there is no config file" in refused_file(config)
