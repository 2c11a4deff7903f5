"""Builds a split: raw rows dealt to parts and domains, values turned into ids, written as Parquet with its schema
and profile.

Two tables live in DuckDB: `raw_rows`, what the reader gave with its domain (text) beside it, and `rows`, the same
with its part. DuckDB reads, counts, joins and sorts (and spills to disk where memory ends); ids are looked up batch
by batch on the way out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from duckdb import DuckDBPyConnection

from recmtl.artifacts.progress import SILENT, Progress
from recmtl.data.database import database
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.encoding import FeatureEncoder, RowEncoder, write_rows
from recmtl.data.extending import Fitted
from recmtl.data.filters import filter_rows
from recmtl.data.fitting import fit_vocabularies, make_schema
from recmtl.data.layout import DOMAIN, PART, Layout
from recmtl.data.leaks import check_leaks
from recmtl.data.negative_rate import dealing
from recmtl.data.policies import PARTS, SplitConfig
from recmtl.data.profile import profile
from recmtl.data.schema_file import save_schema
from recmtl.data.sql import quote_name, quote_text
from recmtl.data.vectors import fit_vectors, write_vectors
from recmtl.data.vocabulary import save_vocabularies
from recmtl.errors import DataError
from recmtl.schema import Schema, Task

MAX_NUMBER = 3.4028234663852886e38
"""The largest float32: numbers and scores are stored as such."""
MAX_LABEL = 1e12
"""Of a regression without bounds; a larger one is a mistake of units, and its mean could not be exact."""


def build_split(
    dataset: DatasetConfig,
    policy: SplitConfig,
    raw: Path,
    out: Path,
    progress: Progress = SILENT,
    memory_limit: int | None = None,
    base: Fitted | None = None,
    strict: bool = False,
) -> Schema:
    """Read the data set's files in `raw` and write the split below `out`; `progress` is told how far it is.

    The process takes no more than about `memory_limit` bytes (none: half of the machine's memory): what does not fit
    lies on disk meanwhile. The result is the same. With a `base`, what that split fitted stays, and grows.
    Leaks are said to `progress`; `strict` allows none.

    Raises:
        DataError: a file is not in its format, a part stays empty, a label is out of range; there is a leak.
        ConfigError: the policy does not fit the data set, or the data set not the base.
        MissingError: memory and disk are not enough.
    """
    layout = dataset.layout()
    with database(out, memory_limit) as connection:
        progress.say(f"reading {dataset.name}")
        query = dataset.read(raw, connection)
        source = Source(dataset.name, layout, query, dataset.place(raw), vectors=dataset.read_vectors(raw, connection))
        prepared = prepare(connection, source, policy, PARTS, progress, base)
        schema, counts = prepared.schema, prepared.counts
        if empty := sorted({*layout.domain_groups.values()} - {*schema.domains}):
            progress.say(f"no row belongs to the domains {', '.join(empty)}: they are left out")
        checked = check_leaks(connection, layout, schema, type(dataset).model_fields, progress, strict)
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
class Source:
    """Raw rows that are about to be read."""

    name: str
    """What the schema calls them."""
    layout: Layout
    query: str
    """Gives them, with the columns that the layout names and `row`."""
    place: str
    """Where they lie, for errors."""
    hint: str = "Mend or remove this row; rows are counted over the files in order."
    """How to find a row that is refused."""
    vectors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Vector feature -> the query for its `value` and `vector`."""


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
    rows = _load(connection, source)
    policy, left_out = filter_rows(connection, source.layout, policy, source.place, source.hint, progress)
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
    return Prepared(RowEncoder(source.layout, FeatureEncoder(schema, vocabularies)), counts, left_out)


def _load(connection: DuckDBPyConnection, source: Source) -> int:
    """How many rows."""
    layout = source.layout
    domain = _domain(layout) if layout.domain else quote_text(source.name)
    # + 0.0 makes one value of 0.0 and -0.0, as they are one in SQL
    numbers = ", ".join(f"CAST({quote_name(n)} AS DOUBLE) + 0.0::DOUBLE AS {quote_name(n)}" for n in layout.numbers)
    columns = f"* REPLACE ({numbers})" if numbers else "*"
    connection.execute(
        f"CREATE TEMP TABLE raw_rows AS SELECT {columns}, {domain} AS {quote_name(DOMAIN)} FROM ({source.query})"
    )
    rows, homeless = connection.execute(
        f"SELECT count(*), count(*) FILTER ({quote_name(DOMAIN)} IS NULL) FROM raw_rows"
    ).fetchall()[0]
    if not rows:
        raise DataError(f"{source.place} holds no rows of {source.name}.", hint="Look at its files: are they empty?")
    if homeless:
        _refuse_homeless(connection, source, f"{homeless:,} of {rows:,} rows")
    wanted = f"between {-MAX_NUMBER:.1e} and {MAX_NUMBER:.1e}"
    for name in (*layout.numbers, *(score.name for score in layout.scores)):
        _require(connection, source, name, f"abs({quote_name(name)}) <= {MAX_NUMBER!r}", repr(name), wanted)
    for task in layout.tasks:
        _check_labels(connection, source, task)
    if layout.weight:
        fits = f"coalesce({quote_name(layout.weight)}, -1) BETWEEN 0 AND {MAX_NUMBER!r}"
        _require(connection, source, layout.weight, fits, f"the weight {layout.weight!r}", "a number of at least 0")
    return int(rows)


def _domain(layout: Layout) -> str:
    """SQL: a row's domain, null where there is none."""
    value = f"CAST({quote_name(str(layout.domain))} AS VARCHAR)"
    if not layout.domain_groups:
        return value
    groups = " ".join(f"WHEN {quote_text(v)} THEN {quote_text(group)}" for v, group in layout.domain_groups.items())
    return f"CASE {value} {groups} END"


def _refuse_homeless(connection: DuckDBPyConnection, source: Source, how_many: str) -> None:
    layout = source.layout
    column = quote_name(str(layout.domain))
    row, value = connection.execute(
        f"SELECT row, CAST({column} AS VARCHAR) AS value FROM raw_rows WHERE {quote_name(DOMAIN)} IS NULL "
        "ORDER BY value IS NULL, row LIMIT 1"
    ).fetchall()[0]
    place = f"{source.place}, row {row}: the domain column {layout.domain!r}"
    if value is not None:
        raise DataError(
            f"{place} is {value!r}, which is in no group ({how_many} are in none).",
            hint=f"The groups hold: {', '.join(layout.domain_groups)}.",
        )
    raise DataError(f"{place} is missing ({how_many} have none).", hint=source.hint)


def _check_labels(connection: DuckDBPyConnection, source: Source, task: Task) -> None:
    if task.kind == "binary":
        condition, wanted = f"{quote_name(task.name)} IN (0, 1)", "0 or 1"
    else:
        low, high = task.bounds or (-MAX_LABEL, MAX_LABEL)
        condition = f"{quote_name(task.name)} BETWEEN {low!r} AND {high!r}"
        wanted = f"between {low:g} and {high:g}"
    _require(connection, source, task.name, condition, f"the label {task.name!r}", wanted)


def _require(
    connection: DuckDBPyConnection, source: Source, column: str, condition: str, what: str, wanted: str
) -> None:
    bad = connection.execute(
        f"SELECT row, {quote_name(column)} FROM raw_rows WHERE NOT ({condition}) ORDER BY row LIMIT 1"
    ).fetchone()
    if bad:
        shown = "missing" if bad[1] is None else f"{bad[1]:g}"
        raise DataError(f"{source.place}, row {bad[0]}: {what} is {shown}; it must be {wanted}.", hint=source.hint)


def _deal(connection: DuckDBPyConnection, layout: Layout, policy: SplitConfig, needed: Sequence[str]) -> dict[str, int]:
    """How many rows each part has."""
    connection.execute(
        f"CREATE TEMP TABLE rows AS SELECT raw_rows.*, dealt.part AS {quote_name(PART)} "
        f"FROM raw_rows JOIN ({dealing(policy, layout)}) AS dealt USING (row)"
    )
    counts = dict(connection.execute(f"SELECT {quote_name(PART)}, count(*) FROM rows GROUP BY 1").fetchall())
    for part in needed:
        if not counts.get(part):
            raise DataError(f"the {part} part stays empty.", hint=policy.mend(part))
    return counts
