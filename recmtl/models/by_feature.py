"""A choice for all features of a kind, or one by the feature's name."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, get_args

from recmtl.config import likely, nearest
from recmtl.errors import ConfigError

T = TypeVar("T")


def one_of(choices: Any) -> Callable[[object], object]:
    """Checks a config's value, one of `choices` (a Literal) or an object of them by feature, before pydantic does: one
    error for both forms.
    """
    known = get_args(choices)

    def checked(value: object) -> object:
        for feature, choice in value.items() if isinstance(value, Mapping) else [(None, value)]:
            if choice not in known:
                who, found = ("it", "") if feature is None else (repr(feature), f", not {choice!r}")
                raise ValueError(f"{who} takes {', '.join(known)}{likely(choice, known)}{found}")
        return value

    return checked


def by_feature(key: str, chosen: T | Mapping[str, T], features: Collection[str], what: str, usual: T) -> dict[str, T]:
    """The choice of each of `features`; `usual` for one that an object does not name.

    Raises:
        ConfigError: it names another.
    """
    if not isinstance(chosen, Mapping):
        return dict.fromkeys(features, chosen)
    refuse_others(key, chosen, features, what)
    return {name: chosen.get(name, usual) for name in features}


def refuse_others(key: str, named: Collection[str], features: Collection[str], what: str) -> None:
    """ConfigError for a name that is none of `features`."""
    for name in named:
        if name not in features:
            raise ConfigError(f"model.encoder.{key} names {name!r}, which is no {what}{nearest(name, features)}.")


def table_dims(dims: Mapping[str, int], features: Mapping[str, str], usual: int) -> dict[str, int]:
    """The width of each table, from that of features by name; `usual` for a table none of whose features is named.

    Args:
        dims: what the config says.
        features: the table of each feature that has one.
        usual: `embedding_dim`.

    Raises:
        ConfigError: it names another feature, a width above the usual one, or two for one table.
    """
    refuse_others("embedding_dims", dims, features, "feature with an embedding table")
    found: dict[str, tuple[str, int]] = {}
    for name, dim in dims.items():
        if dim > usual:
            raise ConfigError(
                f"model.encoder.embedding_dims.{name} is {dim}, more than the width of all others.",
                hint=f"Give at most model.encoder.embedding_dim, {usual}, or raise that one.",
            )
        other, width = found.setdefault(features[name], (name, dim))
        if width != dim:
            raise ConfigError(
                f"model.encoder.embedding_dims is {width} for {other!r} and {dim} for {name!r}, which share a table.",
                hint="Give both the same.",
            )
    return {table: found[table][1] if table in found else usual for table in features.values()}
