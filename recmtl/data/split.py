"""Builds a split: raw rows dealt to parts and domains, values turned into ids, written as Parquet with its schema
and profile.

Two tables live in DuckDB: `raw_rows`, what the reader gave, coded (see `coded`), and `rows`, the same with its part.
DuckDB reads, counts, joins and sorts (and spills to disk where memory ends); ids are looked up batch by batch on the
way out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from recmtl.artifacts.progress import SILENT, Progress
from recmtl.data.database import database
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.encoding import FeatureEncoder, RowEncoder, held_texts, write_rows
from recmtl.data.extending import Fitted
from recmtl.data.filters import filter_rows
from recmtl.data.fitting import fit_vocabularies, make_schema
from recmtl.data.history import add_history
from recmtl.data.layout import PART, Layout
from recmtl.data.leaks import check_leaks
from recmtl.data.loading import Source, load_rows
from recmtl.data.negative_rate import dealing
from recmtl.data.policies import PARTS, FilesSplit, SplitConfig
from recmtl.data.profile import profile
from recmtl.data.schema_file import save_schema
from recmtl.data.sql import quote_name
from recmtl.data.vectors import fit_vectors, write_vectors
from recmtl.data.vocabulary import save_vocabularies
from recmtl.errors import DataError
from recmtl.schema import Schema


@dataclass(frozen=True)
class SplitOptions:
    """How a split is made, whatever the data set and the policy."""

    memory_limit: int | None = None
    """About so many bytes the process may take (none: half of the machine's memory): what does not fit lies on disk
    meanwhile. The result is the same."""
    base: Fitted | None = None
    """What this split fitted stays, and grows."""
    strict: bool = False
    """Allow no leak."""


def build_split(
    dataset: DatasetConfig,
    policy: SplitConfig,
    raw: Path,
    out: Path,
    progress: Progress = SILENT,
    options: SplitOptions | None = None,
) -> Schema:
    """Read the data set's files in `raw` and write the split below `out`; `progress` is told how far it is, and of
    leaks.

    Raises:
        DataError: a file is not in its format, a part stays empty, a label is out of range; there is a leak.
        ConfigError: the policy does not fit the data set, or the data set not the base.
        MissingError: memory and disk are not enough.
    """
    layout, options = dataset.layout(), options or SplitOptions()
    if layout.ready_made and not isinstance(policy, FilesSplit):
        progress.say(
            f"warning: {dataset.name} brings test rows of its own, and they are dealt like all others: "
            "split.name 'files' keeps them for test"
        )
    with database(out, options.memory_limit) as connection:
        progress.say(f"reading {dataset.name}")
        query = dataset.read(raw, connection)
        vectors = dataset.read_vectors(raw, connection)
        source = Source(dataset.name, layout, query, dataset.place(raw), vectors=vectors, stored=dataset.stored)
        prepared = prepare(connection, source, policy, PARTS, progress, options.base)
        schema, counts, layout = prepared.schema, prepared.counts, prepared.encoder.layout
        if empty := sorted({*layout.domain_groups.values()} - {*schema.domains}):
            progress.say(f"no row belongs to the domains {', '.join(empty)}: they are left out")
        checked = check_leaks(connection, layout, schema, type(dataset).model_fields, progress, options.strict)
        vocabularies = prepared.encoder.features.vocabularies
        save_vocabularies(vocabularies, out / "vocabulary")
        write_vectors(connection, schema, vocabularies, source.vectors, out / "vectors")
        progress.say(f"writing {sum(counts.values()):,} rows: {', '.join(f'{p} {counts[p]:,}' for p in PARTS)}")
        progress.begin("writing", sum(counts.values()))
        write_rows(connection, prepared.encoder, out, progress)
        save_schema(schema, out)
        counted = profile(connection, layout, schema, out) | {"left_out": prepared.left_out} | checked
        (out / "profile.json").write_text(json.dumps(counted, indent=1) + "\n")
    return schema


@dataclass(frozen=True)
class Prepared:
    """What becomes of the table `rows`."""

    encoder: RowEncoder
    counts: dict[str, int]
    """Rows of each part that has any."""
    left_out: dict[str, int]
    """Rule of the policy -> rows that it gave to no part."""

    @property
    def schema(self) -> Schema:
        """Of the split."""
        return self.encoder.features.schema


def prepare(
    connection: DuckDBPyConnection,
    source: Source,
    policy: SplitConfig,
    needed: Sequence[str],
    progress: Progress = SILENT,
    base: Fitted | None = None,
) -> Prepared:
    """Read the rows into the table `rows`, deal them to parts, and fit on the training part what encodes them all, or
    add it to what the `base` fitted.

    Raises:
        DataError: a value is out of range, a `needed` part stays empty, a task has nothing to learn from.
        ConfigError: the policy does not fit the layout, or the layout not the base.
    """
    rows = load_rows(connection, source, policy.seed)
    policy, left_out = filter_rows(connection, source.layout, policy, source.place, source.hint, progress)
    source = replace(source, layout=add_history(connection, source.layout, policy, source.place, source.hint))
    progress.say(f"dealing {rows - sum(left_out.values()):,} rows to parts and domains")
    counts = _deal(connection, source.layout, policy, needed)
    if policy.negative_rate:
        left_out["negative_rate"] = rows - sum(left_out.values()) - sum(counts.values())
        progress.say(f"{left_out['negative_rate']:,} training rows are left out by split.negative_rate")
    progress.say(f"fitting vocabularies and knots to {counts['train']:,} training rows")
    vocabularies = fit_vocabularies(connection, source.layout, policy)
    vocabularies = base.extend(vocabularies) if base else vocabularies
    vocabularies |= fit_vectors(connection, source.layout, source.vectors)
    schema = make_schema(connection, source.name, source.layout, policy, vocabularies)
    schema = base.keep(schema) if base else schema
    texts = held_texts(connection, source.layout, schema)
    return Prepared(RowEncoder(source.layout, FeatureEncoder(schema, vocabularies), texts), counts, left_out)


def _deal(connection: DuckDBPyConnection, layout: Layout, policy: SplitConfig, needed: Sequence[str]) -> dict[str, int]:
    """How many rows each part has."""
    connection.execute(f"CREATE TEMP TABLE rows AS {dealing(policy, layout)}")
    connection.execute("DROP TABLE raw_rows")
    counts = dict(connection.execute(f"SELECT {quote_name(PART)}, count(*) FROM rows GROUP BY 1").fetchall())
    for part in needed:
        if not counts.get(part):
            raise DataError(f"the {part} part stays empty.", hint=policy.mend(part))
    return counts
