"""What a split learns from its training rows: vocabularies, knots, and the statistics of each task; together its
schema.
"""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from recmtl.data.coded import dictionary
from recmtl.data.knots import fit_knots
from recmtl.data.layout import DOMAIN, PART, Layout
from recmtl.data.negative_rate import negative_rates
from recmtl.data.policies import SplitConfig
from recmtl.data.sql import exact_mean, quote_name
from recmtl.data.vocabulary import Vocabulary, fit_vocabulary
from recmtl.errors import DataError
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


def fit_vocabularies(connection: DuckDBPyConnection, layout: Layout, policy: SplitConfig) -> dict[str, Vocabulary]:
    """The vocabulary of each embedding table."""
    values: dict[str, list[str]] = {}
    for feature in (*layout.categorical, *layout.sequences):
        query = _listed(feature) if feature in layout.sequences else _coded(feature)
        values.setdefault(layout.table(feature), []).append(query)
    fitted = {table: fit_vocabulary(connection, queries, policy.min_count) for table, queries in values.items()}
    for number in layout.numbers:
        query = f"SELECT {quote_name(number)} AS value, count(*) AS n FROM {TRAINING_ROWS} GROUP BY 1"
        vocabulary = fit_vocabulary(connection, [query], policy.min_count)
        if len(vocabulary.values) > policy.max_distinct:
            # too many to learn a vector for each: only missing or not remains
            vocabulary = Vocabulary(vocabulary.values[:0], vocabulary.counts[:0])
        fitted[number] = vocabulary
    return fitted


def _coded(feature: str) -> str:
    counted = f"SELECT {quote_name(feature)} AS code, count(*) AS n FROM {TRAINING_ROWS} GROUP BY 1"
    return f"SELECT text AS value, n FROM ({counted}) JOIN {dictionary(feature)} USING (code)"


def _listed(feature: str) -> str:
    unnested = f"SELECT unnest({quote_name(feature)}) AS value FROM {TRAINING_ROWS}"
    return f"SELECT value, count(*) AS n FROM ({unnested}) GROUP BY 1"


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
