"""What there is to choose from for `model`, `model.interaction` and `model.gating`, read off the config classes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import recmtl.models  # noqa: F401  (registers them)
from recmtl.config import Config, nearest
from recmtl.errors import ConfigError
from recmtl.models.gating import GatingConfig
from recmtl.models.interaction import InteractionConfig
from recmtl.models.sharing import SharingConfig
from recmtl.pipelines.config_keys import Key, key_as_json, markdown_table, tables_of

PerDomain = Literal["if asked", "always", "never"]
LEARNS: Mapping[PerDomain, str] = {
    "if asked": "multi-task; multi-domain and both with per_domain: true",
    "always": "multi-task, multi-domain, both; what a task has of its own it always has for each domain",
    "never": "multi-task, multi-domain, both; what a task has of its own serves all domains",
}
"""What a model can learn at once."""
FAMILIES: tuple[tuple[type[SharingConfig | InteractionConfig | GatingConfig], str], ...] = (
    (SharingConfig, "model"),
    (InteractionConfig, "model.interaction"),
    (GatingConfig, "model.gating"),
)
"""A family, and the key that chooses from it."""


@dataclass(frozen=True)
class Entry:
    """A model, an interaction or a gating."""

    name: str
    where: str
    """The key that chooses it."""
    what: str
    """What it is, in a sentence."""
    paper: str
    rule: str
    """The equation in words."""
    per_domain: PerDomain | None
    """When a task has parts of its own for each domain; None of what serves a model."""
    keys: Sequence[Key]
    """That it has of its own."""


def entries() -> list[Entry]:
    """Models, then interactions, then gatings, each by name."""
    found = []
    for family, where in FAMILIES:
        for table in tables_of(family.family, [where], family):
            if table.member is not None:
                kind = family.kinds[table.member]
                what = first_sentence(table.text, kind.paper)
                domains = per_domain_of(kind)
                found.append(Entry(table.member, where, what, kind.paper, kind.rule, domains, table.keys))
    return found


def entry(name: str) -> Entry:
    """The one of that name.

    Raises:
        ConfigError: there is none; names the nearest.
    """
    found = {entry.name: entry for entry in entries()}
    if name not in found:
        what = f"there is no model, interaction or gating {name!r}{nearest(name, found)}"
        raise ConfigError(f"{what}.", hint="See: recmtl models list")
    return found[name]


def as_json(entry: Entry) -> dict[str, Any]:
    """For programs."""
    return {**asdict(entry), "keys": [key_as_json(key) for key in entry.keys]}


def as_markdown(found: Sequence[Entry]) -> str:
    """A table for each key that chooses."""
    return "\n\n".join(_table([entry for entry in found if entry.where == where], where) for _, where in FAMILIES)


def _table(found: Sequence[Entry], where: str) -> str:
    rows = [[f"`{entry.name}`", entry.what, entry.paper, _own(entry)] for entry in found]
    heads = [f"`{where}`", "what it is", "paper", "its own keys"]
    if where == "model":
        heads = ["`model.name`", *heads[1:3], "parts by domain", *heads[3:]]
        rows = [[*row[:3], entry.per_domain or "", *row[3:]] for row, entry in zip(rows, found, strict=True)]
    return markdown_table(heads, rows)


def _own(entry: Entry) -> str:
    return ", ".join(f"`{key.name}`" for key in entry.keys if "." not in key.name and key.name != "per_domain")


def first_sentence(text: str, paper: str) -> str:
    """Of a docstring, without the paper and the full stop."""
    first = re.split(r"\.\s+(?=[A-Z])", text.replace(f" ({paper})", ""), maxsplit=1)[0]
    return first.removesuffix(".")


def per_domain_of(kind: type[Config]) -> PerDomain | None:
    """What the class lets a config say of it."""
    field = kind.model_fields.get("per_domain")
    if field is None:
        return None
    choices = get_args(field.annotation)
    return "if asked" if not choices else "always" if choices == (True,) else "never"
