"""How features become vectors, as a config says it, and what that means for a schema."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt

from recmtl.config import Config
from recmtl.errors import ConfigError
from recmtl.models.by_feature import by_feature, one_of, table_dims
from recmtl.nn.lookup import Pooling
from recmtl.schema import CategoricalFeature, NumberFeature, Schema, SequenceFeature

Numbers = Literal["encoded", "plain", "linear"]
"""How a number enters."""


class EncoderConfig(Config):
    """How features become vectors."""

    embedding_dim: PositiveInt = 16
    """Width of the vectors in every embedding table, and of every field."""
    embedding_dims: dict[str, PositiveInt] = Field(default_factory=dict)
    """Smaller widths of the vectors of some features, by name; a learnt linear map brings them to embedding_dim. The
    features of one table share its width: naming one of them is enough.
    """
    initial_scale: PositiveFloat = 1.0
    """Vectors start uniformly between this over the square root of their width and its negative. Ids that come a few
    times learn better from a small start, such as 0.1.
    """
    unseen_rate: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Share of ids that training replaces by the unseen one, so that its vector is trained."""
    numbers: Annotated[Numbers | dict[str, Numbers], BeforeValidator(one_of(Numbers))] = "encoded"
    """How a number enters: encoded as a category and piecewise linearly, as one plain, standardised value, or linear,
    that value times a learnt vector, as a field. For all numbers, or by name, encoded where it is not named.
    """
    pooling: Annotated[Pooling | dict[str, Pooling], BeforeValidator(one_of(Pooling))] = "mean"
    """How a sequence becomes one vector: the mean, sum or max of its ids' vectors, their mean by the weights of an
    attention, or of one towards the target, the feature that shares the sequence's table. For all sequences, or by
    name, mean where it is not named.
    """
    vectors: Literal["plain", "projected"] = "plain"
    """How a vector that was trained elsewhere enters: plain, beside the numbers, or projected by a learnt linear map to
    embedding_dim, as a field.
    """
    train_vectors: bool = False
    """Whether vectors that were trained elsewhere are trained on from there."""

    def number_kinds(self, schema: Schema) -> dict[str, Numbers]:
        """How each number enters.

        Raises:
            ConfigError: `numbers` names what is no number.
        """
        return by_feature("numbers", self.numbers, [f.name for f in schema.numbers], "number", "encoded")

    def embedded(self, schema: Schema) -> list[CategoricalFeature | NumberFeature]:
        """The features with one id a row and a table, in order."""
        kinds = self.number_kinds(schema)
        return [feature for feature in schema.embedded if kinds.get(feature.name, "encoded") == "encoded"]

    def table_dims(self, schema: Schema) -> dict[str, int]:
        """The width of each table that is read.

        Raises:
            ConfigError: `embedding_dims` names what has no table, is too large, or differs within a table.
        """
        tables = {feature.name: feature.table for feature in (*self.embedded(schema), *schema.sequences)}
        return table_dims(self.embedding_dims, tables, self.embedding_dim)

    def poolings(self, schema: Schema) -> dict[str, Pooling]:
        """How each sequence is pooled.

        Raises:
            ConfigError: `pooling` names what is no sequence.
        """
        return by_feature("pooling", self.pooling, [f.name for f in schema.sequences], "sequence", "mean")

    def targets(self, schema: Schema) -> dict[str, str]:
        """The category towards which a sequence is pooled, for each that has one.

        Raises:
            ConfigError: not exactly one category shares its table.
        """
        poolings = self.poolings(schema)
        return {f.name: _target(f, schema) for f in schema.sequences if poolings[f.name] == "target"}

    def check(self, schema: Schema) -> None:
        """Refuse what does not fit the schema.

        Raises:
            ConfigError: a key names a feature of another kind, or asks of one what it cannot be.
        """
        self.targets(schema)
        self.table_dims(schema)


def _target(sequence: SequenceFeature, schema: Schema) -> str:
    sharing = [f.name for f in schema.features if isinstance(f, CategoricalFeature) and f.table == sequence.table]
    if len(sharing) == 1:
        return sharing[0]
    found = f"{' and '.join(map(repr, sharing))} share" if sharing else "no category shares"
    raise ConfigError(
        f"model.encoder.pooling of {sequence.name!r} is 'target', and {found} its table {sequence.table!r}.",
        hint="Choose 'attention', which needs no target.",
    )
