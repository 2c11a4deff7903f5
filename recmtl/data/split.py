"""Builds a split: raw rows dealt to parts and domains, values turned into ids, written as Parquet with its schema
and profile.

Two tables live in DuckDB: `raw_rows`, what the reader gave with `domain` (text) beside it, and `rows`, the same
with `part`. DuckDB reads, counts, joins and sorts (and spills to disk where memory ends); ids are looked up batch
by batch on the way out.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from urllib.parse import quote

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection

from recmtl.artifacts.tables import TableWriter
from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.knots import fit_knots
from recmtl.data.layout import Layout
from recmtl.data.policies import PARTS, SplitConfig
from recmtl.data.profile import profile
from recmtl.data.sql import exact_mean, quote_name, quote_text
from recmtl.data.vocabulary import Vocabulary, fit_vocabulary
from recmtl.errors import ConfigError, DataError
from recmtl.schema import ALL, CategoricalFeature, Feature, NumberFeature, Schema, SequenceFeature, Task

BATCH_ROWS = 262_144


def build_split(dataset: DatasetConfig, policy: SplitConfig, raw: Path, out: Path) -> Schema:
    """Read the data set's files in `raw` and write the split below `out`.

    Raises:
        DataError: a file is not in its format, a part stays empty, a label is out of range.
        ConfigError: the policy does not fit the data set.
    """
    layout = dataset.layout()
    with closing(duckdb.connect()) as connection:
        connection.execute(f"SET temp_directory = {quote_text(str(out / '.spill'))}")
        _load(connection, dataset, layout, raw)
        _deal(connection, layout, policy)
        vocabularies = _fit_vocabularies(connection, layout, policy)
        schema = _make_schema(connection, dataset, layout, policy, vocabularies)
        (out / "vocabulary").mkdir()
        for table, vocabulary in vocabularies.items():
            vocabulary.save(out / "vocabulary" / f"{quote(table, safe=' ')}.parquet")
        _write_rows(connection, layout, schema, vocabularies, out)
        (out / "schema.json").write_text(json.dumps(schema.document(), indent=1) + "\n")
        (out / "profile.json").write_text(json.dumps(profile(connection, schema), indent=1) + "\n")
    return schema


def domain_folder(domain: str) -> str:
    """The folder of a domain's rows: `domain=<d>`, with what a path cannot hold percent-encoded, as Hive does."""
    return f"domain={quote(domain, safe=' ')}"


def _load(connection: DuckDBPyConnection, dataset: DatasetConfig, layout: Layout, raw: Path) -> None:
    domain = f"CAST({quote_name(layout.domain)} AS VARCHAR)" if layout.domain else quote_text(dataset.name)
    connection.execute(
        f"CREATE TEMP TABLE raw_rows AS SELECT {domain} AS domain, * FROM ({dataset.read(raw, connection)})"
    )
    rows, homeless = connection.execute("SELECT count(*), count(*) FILTER (domain IS NULL) FROM raw_rows").fetchall()[0]
    if not rows:
        raise DataError(f"{raw} holds no rows of {dataset.name}.")
    if homeless:
        raise DataError(
            f"{homeless:,} of {rows:,} rows of {dataset.name} have no value in the domain column {layout.domain!r}."
        )
    for task in layout.tasks:
        _check_labels(connection, task)


def _check_labels(connection: DuckDBPyConnection, task: Task) -> None:
    low, high = (0, 1) if task.kind == "binary" else task.bounds or (None, None)
    if low is None:
        return
    label = quote_name(task.name)
    inside = f"{label} IN (0, 1)" if task.kind == "binary" else f"{label} BETWEEN {low} AND {high}"
    bad = connection.execute(f"SELECT row, {label} FROM raw_rows WHERE NOT ({inside}) ORDER BY row LIMIT 1").fetchone()
    if bad:
        wanted = "0 or 1" if task.kind == "binary" else f"within {low:g} and {high:g}"
        raise DataError(f"row {bad[0]}: the label {task.name!r} is {bad[1]:g}; it must be {wanted}.")


def _deal(connection: DuckDBPyConnection, layout: Layout, policy: SplitConfig) -> None:
    if policy.name == "files" and not layout.ready_made:
        raise ConfigError(
            "split.name is 'files', but the data set brings no test file of its own.", hint="Use 'random' or 'group'."
        )
    group = dict(layout.keys).get(getattr(policy, "by", None))
    if policy.name == "group" and group is None:
        raise ConfigError(
            f"split.by is {policy.by!r}, but the data set has no such key.",
            hint=f"It has: {', '.join(layout.keys) or 'none'}.",
        )
    without_part = "* EXCLUDE (part)" if layout.ready_made else "*"
    connection.execute(
        f"CREATE TEMP TABLE rows AS SELECT * FROM (SELECT {without_part} FROM raw_rows) JOIN ({policy.query(group)}) USING (row)"
    )
    counts = dict(connection.execute("SELECT part, count(*) FROM rows GROUP BY part").fetchall())
    for part in PARTS:
        if not counts.get(part):
            raise DataError(f"the {part} part stays empty.", hint="Give it a larger share in the section 'split'.")


def _fit_vocabularies(connection: DuckDBPyConnection, layout: Layout, policy: SplitConfig) -> dict[str, Vocabulary]:
    values: dict[str, list[str]] = {}
    for feature in layout.categorical:
        values.setdefault(layout.table(feature), []).append(
            f"SELECT {quote_name(feature)} AS value FROM rows WHERE part = 'train'"
        )
    for feature in layout.sequences:
        values.setdefault(layout.table(feature), []).append(
            f"SELECT unnest({quote_name(feature)}) AS value FROM rows WHERE part = 'train'"
        )
    fitted = {table: fit_vocabulary(connection, queries, policy.min_count) for table, queries in values.items()}
    for feature in layout.numbers:
        query = f"SELECT {quote_name(feature)} AS value FROM rows WHERE part = 'train'"
        vocabulary = fit_vocabulary(connection, [query], policy.min_count)
        if (
            len(vocabulary.values) > policy.max_distinct
        ):  # too many to learn a vector for each: only missing or not remains
            vocabulary = Vocabulary(vocabulary.values[:0], vocabulary.counts[:0])
        fitted[feature] = vocabulary
    return fitted


def _make_schema(
    connection: DuckDBPyConnection,
    dataset: DatasetConfig,
    layout: Layout,
    policy: SplitConfig,
    vocabularies: dict[str, Vocabulary],
) -> Schema:
    features: list[Feature] = [CategoricalFeature(name=name, table=layout.table(name)) for name in layout.categorical]
    features += [
        NumberFeature(name=name, table=name, knots=fit_knots(connection, name, policy.knots)) for name in layout.numbers
    ]
    features += [SequenceFeature(name=name, table=layout.table(name)) for name in layout.sequences]
    domains = tuple(row[0] for row in connection.execute("SELECT DISTINCT domain FROM rows ORDER BY domain").fetchall())
    if ALL in domains:
        raise DataError(
            f"a domain is called {ALL!r} in column {layout.domain!r}.",
            hint="That name is taken by the cell over all domains.",
        )
    return Schema(
        dataset=dataset.name,
        features=tuple(features),
        tables={table: vocabulary.rows for table, vocabulary in sorted(vocabularies.items())},
        tasks=tuple(_with_statistics(connection, task) for task in layout.tasks),
        domains=domains,
        domain_column=layout.domain,
        keys=tuple(layout.keys),
        scores=layout.scores,
        knots=policy.knots if layout.numbers else 0,
    )


def _with_statistics(connection: DuckDBPyConnection, task: Task) -> Task:
    label = quote_name(task.name)
    query = (
        f"SELECT count({label}), {exact_mean(label)}, {exact_mean(f'{label} * {label}')} FROM rows WHERE part = 'train'"
    )
    count, mean, square = connection.execute(query).fetchall()[0]
    if not count:
        raise DataError(f"the task {task.name!r} is observed in no training row.")
    std = max(square - mean * mean, 0.0) ** 0.5
    if not std:
        raise DataError(
            f"the task {task.name!r} has the label {mean:g} in all {count:,} training rows: there is nothing to learn."
        )
    return task.model_copy(update={"mean": mean, "std": std})


def _write_rows(
    connection: DuckDBPyConnection, layout: Layout, schema: Schema, vocabularies: dict[str, Vocabulary], out: Path
) -> None:
    index = " ".join(f"WHEN {quote_text(domain)} THEN {i}" for i, domain in enumerate(schema.domains))
    part = " ".join(f"WHEN {quote_text(name)} THEN {i}" for i, name in enumerate(PARTS))
    reader = connection.sql(
        f"SELECT *, CASE part {part} END AS part_index, CASE domain {index} END AS domain_index FROM rows "
        "ORDER BY part_index, domain_index, row"  # a total order: `row` is unique
    ).to_arrow_reader(BATCH_ROWS)
    encoder = _RowEncoder(layout, schema, vocabularies)
    for (part_index, domain_index), pieces in groupby(_by_folder(reader), key=itemgetter(0)):
        folder = out / PARTS[part_index] / domain_folder(schema.domains[domain_index])
        folder.mkdir(parents=True)
        with TableWriter(folder / "part-0.parquet", encoder.schema) as writer:
            for _, batch in pieces:
                writer.write(encoder.encode(batch))


def _by_folder(reader: pa.RecordBatchReader) -> Iterator[tuple[tuple[int, int], pa.RecordBatch]]:
    """Cut ordered batches where the part or the domain changes."""
    for batch in reader:
        places = np.stack([batch["part_index"].to_numpy(), batch["domain_index"].to_numpy()], axis=1)
        cuts = np.flatnonzero((places[1:] != places[:-1]).any(axis=1)) + 1
        for start, end in pairwise([0, *cuts.tolist(), len(batch)]):
            yield (int(places[start, 0]), int(places[start, 1])), batch.slice(start, end - start)


@dataclass(frozen=True)
class _RowEncoder:
    """Raw columns to the columns of the Parquet files."""

    layout: Layout
    features: Schema
    vocabularies: dict[str, Vocabulary]

    @property
    def schema(self) -> pa.Schema:
        """Column names and types, in order."""
        fields = [pa.field("row", pa.int64())]
        for feature in self.features.features:
            fields.append(
                pa.field(feature.column, pa.list_(pa.int32()) if isinstance(feature, SequenceFeature) else pa.int32())
            )
            if isinstance(feature, NumberFeature):
                fields.append(pa.field(feature.value_column, pa.float32()))
        fields += [pa.field(task.column, pa.float32()) for task in self.features.tasks]
        fields += [pa.field(f"key:{key}", pa.string()) for key in self.features.keys]
        fields += [pa.field(score.column, pa.float32()) for score in self.features.scores]
        return pa.schema(fields)

    def encode(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One batch, encoded."""
        columns = [batch["row"].cast(pa.int64())]
        for feature in self.features.features:
            vocabulary = self.vocabularies[feature.table]
            raw = batch[feature.name]
            columns.append(
                vocabulary.encode_lists(raw) if isinstance(feature, SequenceFeature) else vocabulary.encode(raw)
            )
            if isinstance(feature, NumberFeature):
                columns.append(raw.cast(pa.float32()))
        columns += [batch[task.name].cast(pa.float32()) for task in self.features.tasks]
        columns += [pc.cast(batch[self.layout.keys[key]], pa.string()) for key in self.features.keys]
        columns += [batch[score.name].cast(pa.float32()) for score in self.features.scores]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)
