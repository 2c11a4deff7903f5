"""A recipe is a config file as it was read: JSON, or YAML, with the sections dataset, split, model, train, prune and
evaluate.

Each stage validates the sections it uses, so splitting data never waits for the models. Precedence: defaults < file
< `--set` < flag.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import JsonValue, TypeAdapter, ValidationError

from recmtl.config import Component, Config, OneOf, nearest, problems
from recmtl.errors import ConfigError
from recmtl.foreign import translate
from recmtl.json_text import MAX_DEPTH, checked, load

SECTIONS = ("dataset", "split", "model", "train", "prune", "evaluate")
KEYS = ("$schema", "about", "data", "run", *SECTIONS)
_JSON_NAMES = {list: "an array", str: "a text", int: "a number", float: "a number", bool: "true or false"}
MAX_SHOWN = 200
"""Characters of an option in an error."""

ConfigT = TypeVar("ConfigT", bound=Config)


@dataclass(frozen=True)
class Recipe:
    """A config document and where it came from."""

    source: str
    """The file or preset, for errors."""
    name: str
    """The file's own name without its ending: the default name of the split and of the run."""
    document: dict[str, Any]
    options: tuple[str, ...] = ()
    """Paths of the values that options put in, for errors."""
    notes: tuple[str, ...] = ()
    """What the user should know of another system's config that was translated."""

    def section(self, key: str, kind: type[ConfigT]) -> ConfigT:
        """The section `key` as `kind`: a config class, or a family of components.

        Raises:
            ConfigError: naming every wrong key.
        """
        found = self._read(key, kind)
        if isinstance(found, list):
            raise ConfigError(f"{self.source}: {'; '.join(found)}.")
        return found

    def check(self, sections: Mapping[str, type[Config]]) -> None:
        """Read several sections, so that what is wrong in all of them is said at once.

        Raises:
            ConfigError: naming every wrong key of every section.
        """
        read = [self._read(key, kind) for key, kind in sections.items()]
        found = [problem for section in read if isinstance(section, list) for problem in section]
        if found:
            raise ConfigError(f"{self.source}: {'; '.join(found)}.")

    def _read(self, key: str, kind: type[ConfigT]) -> ConfigT | list[str]:
        form: Any = kind
        if issubclass(kind, Component) and Component in kind.__bases__:  # a family: the section names a member
            if key not in self.document:
                return [f"the section {key!r} is missing; it names one of: {', '.join(sorted(kind.kinds))}"]
            form = Annotated[kind, OneOf()]
        reader: TypeAdapter[ConfigT] = TypeAdapter(form)
        try:
            return reader.validate_python(self.document.get(key, {}))
        except ValidationError as error:
            return [f"{self._shown(f'{key}.{path}' if path else key)} {what}" for path, what in problems(error, kind)]

    def _shown(self, path: str) -> str:
        given = any(f"{path}.".startswith(f"{option}.") for option in self.options)
        return f"{path}, given as an option," if given else path

    def text(self, key: str) -> str | None:
        """The value of `data` or `run`, if given."""
        value = self.document.get(key)
        if value is not None and (not isinstance(value, str) or not _is_plain_name(value)):
            raise ConfigError(f"{self.source}: {key} must be a plain name such as 'taobao_10', not {value!r}.")
        return value

    @property
    def about(self) -> str | None:
        """What it is for, in a line."""
        about = self.document.get("about")
        if about is not None and not isinstance(about, str):
            raise ConfigError(f"{self.source}: about must be a text.")
        return about

    def with_settings(self, settings: Iterable[str]) -> "Recipe":
        """With every `key.path=value` of `--set` put in; a value is JSON, or text where it is not."""
        recipe = self
        for setting in settings:
            path, equals, text = setting.partition("=")
            shown = f"--set {setting}" if len(setting) <= MAX_SHOWN else f"--set {setting[:MAX_SHOWN]}..."
            if not equals or not path:
                raise ConfigError(f"{shown} is not KEY=VALUE.", hint="For example: --set model.num_experts=8.")
            try:
                value = load(text, shown)
            except json.JSONDecodeError:
                value = text
            recipe = recipe.with_value(path, checked(value, shown))
        return recipe

    def with_value(self, path: str, value: JsonValue) -> "Recipe":
        """With the value at the dotted `path` replaced."""
        keys = path.split(".")
        if not all(keys) or len(keys) > MAX_DEPTH:
            raise ConfigError(f"--set {path}: this is not the path of a key.", hint="For example: train.epochs.")
        if keys[0] not in KEYS:
            raise ConfigError(f"--set {path}: {keys[0]!r} is no section of a config{nearest(keys[0], KEYS)}.")
        document = json.loads(json.dumps(self.document))
        place = document
        for key in keys[:-1]:
            inner = place.setdefault(key, {})
            if isinstance(inner, str):  # a component given by its bare name
                inner = place[key] = {"name": inner}
            if not isinstance(inner, dict):
                raise ConfigError(f"--set {path}: {key!r} is a value, it has no key below it.")
            place = inner
        place[keys[-1]] = value
        return replace(self, document=document, options=(*self.options, path))


def read_preset(name: str) -> Recipe:
    """The shipped config of that name."""
    content, source = resources.files("recmtl.presets").joinpath(name).read_text("utf-8"), f"preset {name}"
    return Recipe(source, Path(name).stem, parse(content, source))


def presets() -> list[str]:
    """The names of the shipped configs."""
    return sorted(item.name for item in resources.files("recmtl.presets").iterdir() if item.name.endswith(".json"))


def read_recipe(config: str) -> Recipe:
    """The config at a path, or else the shipped preset of that name; another system's config is translated.

    Raises:
        ConfigError: no such file or preset, not JSON (or YAML, by its name), a key twice, NaN, an unknown section.
    """
    path = Path(config)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if config not in presets():
            what = f"there is no config file {config!r} and no preset of that name"
            raise ConfigError(f"{what}{nearest(config, presets())}.", hint="See: recmtl config presets") from None
        return read_preset(config)
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise ConfigError(
            f"the config {config} cannot be read: {reason}.", hint="Give a JSON file, or the name of a preset."
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{config}: byte {error.start} is not UTF-8 text.", hint="A config is JSON, saved as UTF-8."
        ) from error
    document = _yaml(text, config) if path.suffix.lower() in (".yaml", ".yml") else _json(text, config)
    found = translate(document, config) if isinstance(document, dict) else None
    if found is not None:
        return Recipe(config, path.stem, found.document, notes=found.notes)
    return Recipe(config, path.stem, _known(document, config))


def parse(text: str, source: str) -> dict[str, Any]:
    """A config document from JSON text; see `read_recipe` for what is refused."""
    return _known(_json(text, source), source)


def _json(text: str, source: str) -> Any:
    try:
        return checked(load(text, source), source)
    except json.JSONDecodeError as error:
        reason = f"{error.msg[:1].lower()}{error.msg[1:]}" if text.strip() else "it is empty"
        raise ConfigError(
            f"{source}: line {error.lineno}, column {error.colno}: not JSON: {reason}.",
            hint="JSON has double quotes, no comma before a closing bracket, and no comments.",
        ) from error


def _yaml(text: str, source: str) -> Any:
    from recmtl.foreign.yaml_text import read_yaml  # here: JSON does not wait for PyYAML

    return read_yaml(text, source)


def _known(document: Any, source: str) -> dict[str, Any]:
    """The document, if all its keys are a recipe's."""
    if not isinstance(document, dict):
        raise ConfigError(
            f"{source}: a config is a JSON object, not {_JSON_NAMES.get(type(document), 'null')}.",
            hint='For example: {"dataset": "sample", "split": "random", "model": "shared_bottom"}',
        )
    unknown = [f"{key!r} is not a known section{nearest(key, KEYS)}" for key in document if key not in KEYS]
    if unknown:
        raise ConfigError(f"{source}: {'; '.join(unknown)}.")
    return document


def _is_plain_name(name: str) -> bool:
    return bool(name) and not name.startswith(".") and not set(name) & set("/\\:\0 \n\t")
