"""A recipe is a config file as it was read: JSON with the sections dataset, split, model, train, prune and evaluate.

Each stage validates the sections it uses, so splitting data never waits for the models. Precedence: defaults < file
< `--set` < flag.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import JsonValue, TypeAdapter, ValidationError

from recmtl.config import Component, Config, OneOf, nearest, problems
from recmtl.errors import ConfigError

SECTIONS = ("dataset", "split", "model", "train", "prune", "evaluate")
KEYS = ("$schema", "data", "run", *SECTIONS)
_JSON_NAMES = {list: "an array", str: "a text", int: "a number", float: "a number", bool: "true or false"}
MAX_SHOWN = 200
"""Characters of an option in an error."""
MAX_DEPTH = 50
"""Objects and arrays in each other; a config that means something has a handful."""

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

    def with_settings(self, settings: Iterable[str]) -> "Recipe":
        """With every `key.path=value` of `--set` put in; a value is JSON, or text where it is not."""
        recipe = self
        for setting in settings:
            path, equals, text = setting.partition("=")
            shown = f"--set {setting}" if len(setting) <= MAX_SHOWN else f"--set {setting[:MAX_SHOWN]}..."
            if not equals or not path:
                raise ConfigError(f"{shown} is not KEY=VALUE.", hint="For example: --set model.num_experts=8.")
            try:
                value = _load(text, shown)
            except json.JSONDecodeError:
                value = text
            recipe = recipe.with_value(path, _checked(value, shown))
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
        return Recipe(self.source, self.name, document, (*self.options, path))


def presets() -> list[str]:
    """The names of the shipped configs."""
    return sorted(item.name for item in resources.files("recmtl.presets").iterdir() if item.name.endswith(".json"))


def read_recipe(config: str) -> Recipe:
    """The config at a path, or else the shipped preset of that name.

    Raises:
        ConfigError: no such file or preset, not JSON, a key twice, NaN, an unknown section.
    """
    path, source = Path(config), config
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if config not in presets():
            what = f"there is no config file {config!r} and no preset of that name"
            raise ConfigError(f"{what}{nearest(config, presets())}.", hint="See: recmtl config presets") from None
        content, source = resources.files("recmtl.presets").joinpath(config).read_bytes(), f"preset {config}"
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
    return Recipe(source, path.stem, parse(text, source))


def parse(text: str, source: str) -> dict[str, Any]:
    """A config document from JSON text; see `read_recipe` for what is refused."""
    try:
        document = _checked(_load(text, source), source)
    except json.JSONDecodeError as error:
        reason = f"{error.msg[:1].lower()}{error.msg[1:]}" if text.strip() else "it is empty"
        raise ConfigError(
            f"{source}: line {error.lineno}, column {error.colno}: not JSON: {reason}.",
            hint="JSON has double quotes, no comma before a closing bracket, and no comments.",
        ) from error
    if not isinstance(document, dict):
        raise ConfigError(
            f"{source}: a config is a JSON object, not {_JSON_NAMES.get(type(document), 'null')}.",
            hint='For example: {"dataset": "sample", "split": "random", "model": "shared_bottom"}',
        )
    unknown = [f"{key!r} is not a known section{nearest(key, KEYS)}" for key in document if key not in KEYS]
    if unknown:
        raise ConfigError(f"{source}: {'; '.join(unknown)}.")
    return document


def _load(text: str, source: str) -> Any:
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


def _checked(value: Any, source: str) -> Any:
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


def _is_plain_name(name: str) -> bool:
    return bool(name) and not name.startswith(".") and not set(name) & set("/\\:\0 \n\t")
