"""The embedding tables that a config and a schema ask for: those of one width are one weight."""

from recmtl.models.encoder_config import EncoderConfig
from recmtl.nn.lookup import Lookup, Pooled, Single
from recmtl.schema import Schema


def lookups(config: EncoderConfig, schema: Schema, seed: int, copies: int = 1, wide: int = 0) -> list[Lookup]:
    """One for each width, that of `embedding_dim` first; it is there even if no table has it.

    Raises:
        ConfigError: the config asks of a feature what it cannot be.
    """
    dims = config.table_dims(schema)
    widths = [config.embedding_dim, *sorted({*dims.values()} - {config.embedding_dim})]
    return [_lookup(width, dims, config, schema, seed, copies, wide) for width in widths]


def _lookup(
    width: int, dims: dict[str, int], config: EncoderConfig, schema: Schema, seed: int, copies: int, wide: int
) -> Lookup:
    tables = {table: rows for table, rows in schema.tables.items() if dims.get(table) == width}
    singles = [Single(f.name, i, f.table) for i, f in enumerate(config.embedded(schema)) if f.table in tables]
    poolings, targets = config.poolings(schema), config.targets(schema)
    places = {feature.name: place for place, feature in enumerate(singles)}
    sequences = [
        Pooled(f.name, i, f.table, poolings[f.name], places[targets[f.name]] if f.name in targets else None)
        for i, f in enumerate(schema.sequences)
        if f.table in tables
    ]
    return Lookup(tables, singles, sequences, width, config.embedding_dim, seed, config.initial_scale, copies, wide)
