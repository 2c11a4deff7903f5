"""Feature columns: what the arrays of X mean."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from recmtl.config import NAME_RULE
from recmtl.deepctr.checks import refuse_others, whole
from recmtl.estimator.errors import RefusedParameters
from recmtl.schema import Name


@dataclass(frozen=True)
class SparseFeat:
    """An id a row, from 0 to before `vocabulary_size`; with `use_hash` any text or number, hashed to so many ids.

    Raises:
        ValueError: a parameter asks for something that is not there, or makes no sense.
    """

    name: str
    vocabulary_size: int
    embedding_dim: Any = 4
    """A whole number, or "auto": 6 * vocabulary_size ** 0.25, rounded down."""
    use_hash: bool = False
    vocabulary_path: None = None
    dtype: str = "int32"
    embeddings_initializer: None = None
    """Vectors start as DeepCTR's do, with a standard deviation of 0.0001."""
    embedding_name: str = ""
    """The table of vectors, which features of one `embedding_name` share; its own if it has none."""
    group_name: str = "default_group"
    """Of no meaning in these models."""
    trainable: bool = True

    def __post_init__(self) -> None:
        what = f"SparseFeat {self.name!r}"
        refuse_others(what, self, vocabulary_path=None, embeddings_initializer=None, trainable=True)
        if self.dtype == "string" and not self.use_hash:
            raise RefusedParameters(f"{what}: ids of the dtype 'string' need use_hash=True.")
        size = whole(f"{what}: vocabulary_size", self.vocabulary_size)
        dim = 6 * int(size**0.25) if self.embedding_dim == "auto" else self.embedding_dim
        object.__setattr__(self, "vocabulary_size", size)
        object.__setattr__(self, "embedding_dim", whole(f"{what}: embedding_dim", dim))
        object.__setattr__(self, "embedding_name", self.embedding_name or self.name)


@dataclass(frozen=True)
class DenseFeat:
    """A number a row, or `dimension` of them.

    Raises:
        ValueError: a parameter asks for something that is not there.
    """

    name: str
    dimension: int = 1
    dtype: str = "float32"
    transform_fn: None = None

    def __post_init__(self) -> None:
        refuse_others(f"DenseFeat {self.name!r}", self, transform_fn=None)
        object.__setattr__(self, "dimension", whole(f"DenseFeat {self.name!r}: dimension", self.dimension))

    @property
    def columns(self) -> list[str]:
        """What its numbers are called in a frame."""
        return [self.name] if self.dimension == 1 else [f"{self.name}[{place}]" for place in range(self.dimension)]


COMBINERS = ("mean", "sum", "max")


@dataclass(frozen=True)
class VarLenSparseFeat:
    """Up to `maxlen` ids a row, behind which 0 fills up, pooled by their mean, sum or max.

    Raises:
        ValueError: a parameter asks for something that is not there.
    """

    sparsefeat: SparseFeat
    maxlen: int
    combiner: str = "mean"
    length_name: str | None = None
    """The input that says how many of a row's ids count; without it, all that are not 0."""
    weight_name: None = None
    weight_norm: bool = True
    """Of no meaning without weights."""

    def __post_init__(self) -> None:
        what = f"VarLenSparseFeat {self.name!r}"
        refuse_others(what, self, weight_name=None)
        if self.combiner not in COMBINERS:
            raise RefusedParameters(f"{what}: combiner must be mean, sum or max, not {self.combiner!r}.")
        object.__setattr__(self, "maxlen", whole(f"{what}: maxlen", self.maxlen))

    @property
    def name(self) -> str:
        """Of the input."""
        return self.sparsefeat.name


FeatureColumn = SparseFeat | DenseFeat | VarLenSparseFeat


def get_feature_names(feature_columns: Iterable[FeatureColumn]) -> list[str]:
    """The inputs that X holds, in order: those of the columns, each sequence's length behind it."""
    names: list[str] = []
    for column in feature_columns:
        length = column.length_name if isinstance(column, VarLenSparseFeat) else None
        names += [column.name] if length is None else [column.name, length]
    return list(dict.fromkeys(names))


def checked_columns(feature_columns: Iterable[FeatureColumn]) -> tuple[FeatureColumn, ...]:
    """The columns, if a model can be made of them.

    Raises:
        RefusedParameters: there are none, one is something else, one stands twice, or they do not fit together.
    """
    columns = tuple(feature_columns)
    for column in columns:
        if not isinstance(column, FeatureColumn):
            raise RefusedParameters(
                f"dnn_feature_columns holds a {type(column).__module__}.{type(column).__name__}.",
                hint="Import SparseFeat, DenseFeat and VarLenSparseFeat from recmtl.deepctr too.",
            )
    if not columns:
        raise RefusedParameters("dnn_feature_columns is empty.")
    names = [
        name for column in columns for name in (column.columns if isinstance(column, DenseFeat) else [column.name])
    ]
    if twice := [name for name in names if names.count(name) > 1]:
        raise RefusedParameters(f"two feature columns are called {twice[0]!r}.")
    shared_tables(columns)
    return columns


def embedded(columns: Sequence[FeatureColumn]) -> list[SparseFeat]:
    """What has vectors."""
    found = [column.sparsefeat if isinstance(column, VarLenSparseFeat) else column for column in columns]
    return [column for column in found if isinstance(column, SparseFeat)]


def shared_tables(columns: Sequence[FeatureColumn]) -> dict[str, SparseFeat]:
    """Feature -> itself, of those whose table is not their own alone, or is hashed.

    Raises:
        RefusedParameters: features that share a table disagree about it, or it cannot have its name.
    """
    features, numbers = embedded(columns), {column.name for column in columns if isinstance(column, DenseFeat)}
    names = [feature.embedding_name for feature in features]
    found = {f.name: f for f in features if f.use_hash or names.count(f.embedding_name) > 1}
    for feature in found.values():
        first = next(other for other in found.values() if other.embedding_name == feature.embedding_name)
        for key in ("vocabulary_size", "embedding_dim", "use_hash"):
            if getattr(first, key) != getattr(feature, key):
                raise RefusedParameters(
                    f"{first.name!r} and {feature.name!r} share the embedding {feature.embedding_name!r}: their {key} "
                    "must be the same."
                )
        try:
            TypeAdapter(Name).validate_python(feature.embedding_name)
        except ValidationError as error:
            raise RefusedParameters(f"no embedding can be called {feature.embedding_name!r}: {NAME_RULE}.") from error
        if feature.embedding_name in numbers:
            raise RefusedParameters(f"the embedding {feature.embedding_name!r} has the name of a DenseFeat.")
    return found
