"""Builds a split: raw rows dealt to parts and domains, values turned into ids, written as Parquet with its schema
and profile.

Two tables live in DuckDB: `raw_rows`, what the reader gave with its domain (text) beside it, and `rows`, the same
with its part. DuckDB reads, counts, joins and sorts (and spills to disk where memory ends); ids are looked up batch
by batch on the way out.
"""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from recmtl.data.datasets.base import DatasetConfig
from recmtl.data.encoding import FeatureEncoder, RowEncoder, write_rows
from recmtl.data.fitting import fit_vocabularies, make_schema
from recmtl.data.layout import DOMAIN, PART, Layout
from recmtl.data.policies import PARTS, SplitConfig
from recmtl.data.profile import profile
from recmtl.data.sql import quote_name, quote_text
from recmtl.data.vocabulary import save_vocabularies
from recmtl.errors import DataError, MissingError
from recmtl.schema import Schema, Task

MAX_NUMBER = 3.4028234663852886e38
"""The largest float32: numbers and scores are stored as such."""
MAX_LABEL = 1e12
"""Of a regression without bounds; a larger one is a mistake of units, and its mean could not be exact."""


def build_split(dataset: DatasetConfig, policy: SplitConfig, raw: Path, out: Path) -> Schema:
    """Read the data set's files in `raw` and write the split below `out`.

    Raises:
        DataError: a file is not in its format, a part stays empty, a label is out of range.
        ConfigError: the policy does not fit the data set.
        MissingError: memory and disk are not enough.
    """
    layout = dataset.layout()
    with _enough_room(out), closing(duckdb.connect()) as connection:
        connection.execute(f"SET temp_directory = {quote_text(str(out / '.spill'))}")
        _load(connection, dataset, layout, raw)
        _deal(connection, layout, policy)
        vocabularies = fit_vocabularies(connection, layout, policy)
        schema = make_schema(connection, dataset.name, layout, policy, vocabularies)
        save_vocabularies(vocabularies, out / "vocabulary")
        write_rows(connection, RowEncoder(layout, FeatureEncoder(schema, vocabularies)), out)
        (out / "schema.json").write_text(json.dumps(schema.document(), indent=1) + "\n")
        (out / "profile.json").write_text(json.dumps(profile(connection, schema), indent=1) + "\n")
    return schema


@contextmanager
def _enough_room(out: Path) -> Iterator[None]:
    """DuckDB calls it out of memory when there is no room to spill, either."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        reason = str(error).splitlines()[0].removeprefix("Out of Memory Error: ")
        raise MissingError(
            f"memory and the disk of {out} do not suffice to split the data: {reason}",
            hint="Make some room on the disk.",
        ) from error


def _load(connection: DuckDBPyConnection, dataset: DatasetConfig, layout: Layout, raw: Path) -> None:
    domain = _domain(layout) if layout.domain else quote_text(dataset.name)
    # + 0.0 makes one value of 0.0 and -0.0, as they are one in SQL
    numbers = ", ".join(f"CAST({quote_name(n)} AS DOUBLE) + 0.0::DOUBLE AS {quote_name(n)}" for n in layout.numbers)
    columns = f"* REPLACE ({numbers})" if numbers else "*"
    connection.execute(
        f"CREATE TEMP TABLE raw_rows AS SELECT {columns}, {domain} AS {quote_name(DOMAIN)} "
        f"FROM ({dataset.read(raw, connection)})"
    )
    rows, homeless = connection.execute(
        f"SELECT count(*), count(*) FILTER ({quote_name(DOMAIN)} IS NULL) FROM raw_rows"
    ).fetchall()[0]
    if not rows:
        raise DataError(f"{raw} holds no rows of {dataset.name}.")
    if homeless:
        _refuse_homeless(connection, layout, f"{homeless:,} of {rows:,} rows of {dataset.name}")
    for name in (*layout.numbers, *(score.name for score in layout.scores)):
        _require(connection, name, f"abs({quote_name(name)}) <= {MAX_NUMBER!r}", f"{name!r}", "a finite float32")
    for task in layout.tasks:
        _check_labels(connection, task)
    if layout.weight:
        fits = f"coalesce({quote_name(layout.weight)}, -1) BETWEEN 0 AND {MAX_NUMBER!r}"
        _require(connection, layout.weight, fits, f"the weight {layout.weight!r}", "a number of at least 0")


def _domain(layout: Layout) -> str:
    """SQL: a row's domain, null where there is none."""
    value = f"CAST({quote_name(str(layout.domain))} AS VARCHAR)"
    if not layout.domain_groups:
        return value
    groups = " ".join(f"WHEN {quote_text(v)} THEN {quote_text(group)}" for v, group in layout.domain_groups.items())
    return f"CASE {value} {groups} END"


def _refuse_homeless(connection: DuckDBPyConnection, layout: Layout, which: str) -> None:
    column = quote_name(str(layout.domain))
    found = connection.execute(
        f"SELECT CAST({column} AS VARCHAR) FROM raw_rows WHERE {quote_name(DOMAIN)} IS NULL AND {column} IS NOT NULL "
        "ORDER BY row LIMIT 1"
    ).fetchone()
    if found:
        raise DataError(
            f"{which} have a value in the domain column {layout.domain!r} that is in no group, such as {found[0]!r}.",
            hint=f"The groups hold: {', '.join(layout.domain_groups)}.",
        )
    raise DataError(f"{which} have no value in the domain column {layout.domain!r}.")


def _check_labels(connection: DuckDBPyConnection, task: Task) -> None:
    if task.kind == "binary":
        condition, wanted = f"{quote_name(task.name)} IN (0, 1)", "0 or 1"
    else:
        low, high = task.bounds or (-MAX_LABEL, MAX_LABEL)
        condition = f"{quote_name(task.name)} BETWEEN {low!r} AND {high!r}"
        wanted = f"within {low:g} and {high:g}"
    _require(connection, task.name, condition, f"the label {task.name!r}", wanted)


def _require(connection: DuckDBPyConnection, column: str, condition: str, what: str, wanted: str) -> None:
    bad = connection.execute(
        f"SELECT row, {quote_name(column)} FROM raw_rows WHERE NOT ({condition}) ORDER BY row LIMIT 1"
    ).fetchone()
    if bad:
        shown = "missing" if bad[1] is None else f"{bad[1]:g}"
        raise DataError(f"row {bad[0]}: {what} is {shown}; it must be {wanted}.")


def _deal(connection: DuckDBPyConnection, layout: Layout, policy: SplitConfig) -> None:
    connection.execute(
        f"CREATE TEMP TABLE rows AS SELECT raw_rows.*, dealt.part AS {quote_name(PART)} "
        f"FROM raw_rows JOIN ({policy.query(layout)}) AS dealt USING (row)"
    )
    counts = dict(connection.execute(f"SELECT {quote_name(PART)}, count(*) FROM rows GROUP BY 1").fetchall())
    for part in PARTS:
        if not counts.get(part):
            raise DataError(f"the {part} part stays empty.", hint="Give it a larger share in the section 'split'.")
