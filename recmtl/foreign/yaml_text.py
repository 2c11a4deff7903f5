"""A document from YAML text, as strict as a recipe's JSON: no key twice, no references, no values that JSON has not."""

import json
import re
from typing import Any

import yaml

from recmtl.errors import ConfigError
from recmtl.json_text import checked, load

_NO_TEXT = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "null", "timestamp"))


class _Loader(yaml.SafeLoader):
    """Without references, which could make a short text endless, and without a key that stands twice."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="it has a reference (*name)", problem_mark=self._here())
        return super().compose_node(parent, index)

    def _here(self) -> Any:
        return self.peek_event().start_mark  # type: ignore[no-untyped-call]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                what = f"the key {name!r} stands twice in one object"
                raise yaml.MarkedYAMLError(problem=what, problem_mark=key.start_mark)
            seen.add(name)
            if isinstance(key, yaml.ScalarNode) and key.tag in _NO_TEXT:
                key.tag = "tag:yaml.org,2002:str"  # NO: and 01: are keys of these texts, not "false" and "1"
        return super().construct_mapping(node, deep)


# to YAML 1.1, which PyYAML reads, 1e-4 is a text: it wants 1.0e-4
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_yaml(text: str, source: str) -> Any:
    """The document, of JSON values alone.

    Raises:
        ConfigError: it is not YAML, or more than JSON can say; begins with `source`.
    """
    try:
        value = yaml.load(text, _Loader)
        return checked(load(json.dumps(value), source), source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        reason = getattr(error, "problem", None) or "it holds a character that no text has"
        raise ConfigError(f"{source}: {place}not YAML that can be a config: {reason}.") from error
    except RecursionError as error:
        raise ConfigError(f"{source}: objects are nested too deeply.") from error
    except (TypeError, ValueError) as error:
        what = "it holds a date, a set, bytes or a number that JSON has not"
        raise ConfigError(f"{source}: not YAML that can be a config: {what}.", hint="Put it in quotes.") from error
