"""What a split learns from its training rows: vocabularies, knots, and the statistics of each task; together its
schema.
"""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from recmtl.config import likely
from recmtl.data.knots import fit_knots
from recmtl.data.layout import DOMAIN, PART, Layout, dictionary
from recmtl.data.negative_rate import negative_rates
from recmtl.data.policies import SplitConfig
from recmtl.data.sql import exact_mean, quote_name
from recmtl.data.vocabulary import FittedValues, HashBuckets, Intervals, Vocabulary, fit_quantiles, fit_vocabulary
from recmtl.errors import ConfigError, DataError
from recmtl.schema import (
    ALL,
    MAX_NAME,
    CategoricalFeature,
    Feature,
    NumberFeature,
    Schema,
    SequenceFeature,
    Task,
    VectorFeature,
)

_HINT = "Look at the raw files, or give train a larger share in the section 'split'."
TRAINING_ROWS = f"rows WHERE {quote_name(PART)} = 'train'"


def check_names(layout: Layout, policy: SplitConfig) -> None:
    """Refuse to hash or to bucketise what the data set does not have.

    Raises:
        ConfigError: `hashing` names no table of categories, or `buckets` no number.
    """
    tables = {layout.table(feature) for feature in (*layout.categorical, *layout.sequences)}
    for what, asked, known in (
        ("embedding table of categories", ("split.hashing", policy.hashing), tables),
        ("number", ("split.buckets", policy.buckets), {*layout.numbers}),
    ):
        key, names = asked
        for name in names:
            if name not in known:
                number = ", but a number: split.buckets is for those" if name in layout.numbers else ""
                there = ", ".join(sorted(known)) or "none"
                raise ConfigError(
                    f"{key}: {name!r} is no {what}{number or likely(name, known)}.", hint=f"There are: {there}."
                )


def fit_vocabularies(connection: DuckDBPyConnection, layout: Layout, policy: SplitConfig) -> dict[str, Vocabulary]:
    """The vocabulary of each embedding table.

    Raises:
        ConfigError: the policy names a table or a number that is not there.
    """
    check_names(layout, policy)
    values: dict[str, list[str]] = {}
    for feature in (*layout.categorical, *layout.sequences):
        query = _listed(feature, layout) if feature in layout.sequences else _coded(feature)
        values.setdefault(layout.table(feature), []).append(query)
    fitted: dict[str, Vocabulary] = {}
    for table, queries in values.items():
        buckets = policy.hashing.get(table)
        fitted[table] = HashBuckets(buckets) if buckets else fit_vocabulary(connection, queries, policy.min_count)
    return fitted | {number: _fit_number(connection, number, policy) for number in layout.numbers}


def _fit_number(connection: DuckDBPyConnection, number: str, policy: SplitConfig) -> Vocabulary:
    query = f"SELECT {quote_name(number)} AS value, count(*) AS n FROM {TRAINING_ROWS} GROUP BY 1"
    buckets = policy.buckets.get(number)
    if isinstance(buckets, int):
        return fit_quantiles(connection, query, buckets)
    if buckets is not None:
        return Intervals(buckets)
    vocabulary = fit_vocabulary(connection, [query], policy.min_count)
    if len(vocabulary.values) > policy.max_distinct:
        # too many to learn a vector for each: only missing or not remains
        return FittedValues(vocabulary.values[:0], vocabulary.counts[:0])
    return vocabulary


def _coded(feature: str) -> str:
    counted = f"SELECT {quote_name(feature)} AS code, count(*) AS n FROM {TRAINING_ROWS} GROUP BY 1"
    return f"SELECT text AS value, n FROM ({counted}) JOIN {dictionary(feature)} USING (code)"


def _listed(feature: str, layout: Layout) -> str:
    unnested = f"SELECT unnest({quote_name(feature)}) AS value FROM {TRAINING_ROWS}"
    counted = f"SELECT value, count(*) AS n FROM ({unnested}) GROUP BY 1"
    if feature not in layout.listed:
        return counted
    return f"SELECT text AS value, n FROM ({counted}) JOIN {dictionary(layout.listed[feature])} ON code = value"


def make_schema(
    connection: DuckDBPyConnection,
    dataset: str,
    layout: Layout,
    policy: SplitConfig,
    vocabularies: Mapping[str, Vocabulary],
) -> Schema:
    """The schema of the table `rows`.

    Raises:
        DataError: a domain's name cannot be one; a task has nothing to learn from.
    """
    features: list[Feature] = [CategoricalFeature(name=name, table=layout.table(name)) for name in layout.categorical]
    features += [
        NumberFeature(name=name, table=name, knots=fit_knots(connection, name, policy.knots)) for name in layout.numbers
    ]
    features += [SequenceFeature(name=name, table=layout.table(name)) for name in layout.sequences]
    features += [
        VectorFeature(name=v.name, source=v.column, dim=v.dim, rows=vocabularies[v.name].rows) for v in layout.vectors
    ]
    vectors = {vector.name for vector in layout.vectors}
    return Schema(
        dataset=dataset,
        features=tuple(features),
        tables={table: found.rows for table, found in sorted(vocabularies.items()) if table not in vectors},
        tasks=tuple(_with_statistics(connection, task) for task in layout.tasks),
        domains=_domains(connection, layout.domain),
        domain_column=layout.domain,
        domain_groups=dict(layout.domain_groups),
        missing=layout.missing,
        separator=layout.separator,
        weighted=layout.weight is not None,
        keys=tuple(layout.keys),
        scores=layout.scores,
        knots=policy.knots if layout.numbers else 0,
        negative_rates=negative_rates(policy),
    )


def _domains(connection: DuckDBPyConnection, column: str | None) -> tuple[str, ...]:
    found = connection.execute(
        f"SELECT text FROM {dictionary(DOMAIN)} WHERE code IN (SELECT {quote_name(DOMAIN)} FROM rows) ORDER BY code"
    ).fetchall()
    domains = tuple(row[0] for row in found)
    if ALL in domains:
        raise DataError(
            f"a domain is called {ALL!r} in column {column!r}.",
            hint="Rename it in the raw files: that name is taken by the cell over all domains.",
        )
    for domain in domains:
        if not 1 <= len(domain) <= MAX_NAME:
            raise DataError(
                f"a domain in column {column!r} has a name of {len(domain):,} characters: {domain[:50]!r}.",
                hint=f"Give it a name of 1 to {MAX_NAME} characters in the raw files.",
            )
    return domains


def _with_statistics(connection: DuckDBPyConnection, task: Task) -> Task:
    label = quote_name(task.name)
    count, low, high, mean = connection.execute(
        f"SELECT count({label}), min({label}), max({label}), {exact_mean(label)} FROM {TRAINING_ROWS}"
    ).fetchall()[0]
    if not count:
        raise DataError(f"the task {task.name!r} is observed in no training row.", hint=_HINT)
    if low == high:
        raise DataError(
            f"the task {task.name!r} has the label {low:g} in all {count:,} training rows that observe it: "
            "there is nothing to learn.",
            hint=_HINT,
        )
    # around the mean and in units of the range: squares of large labels would lose the digits that differ
    distance = f"(({label} - '{mean!r}'::DOUBLE) / '{high - low!r}'::DOUBLE)"
    square = connection.execute(f"SELECT {exact_mean(f'{distance} * {distance}')} FROM {TRAINING_ROWS}").fetchall()[0][
        0
    ]
    return task.model_copy(update={"mean": mean, "std": (high - low) * square**0.5})
