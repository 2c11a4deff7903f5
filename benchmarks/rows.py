"""Made-up training rows as split-domains would publish them, written chunk by chunk: any number of rows takes the same
memory.

Categories whose values are as skewed as a log's (the n-th most frequent one comes 1/n as often), numbers with gaps,
ten domains of falling size, clicks, and conversions that are observed where there is a click.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recmtl.artifacts.tables import ROW_GROUP_ROWS, TableWriter
from recmtl.data.folders import domain_folder
from recmtl.data.schema_file import save_schema
from recmtl.schema import FIRST_ID, CategoricalFeature, NumberFeature, Schema, Task

CHUNK = 16 * ROW_GROUP_ROWS
DOMAINS = tuple(f"d{i}" for i in range(10))
VALUES = 1_490_000
"""Distinct values of all categories."""
SHARES = 1 / np.arange(1, len(DOMAINS) + 1)


def schema(categories: int = 26, numbers: int = 13, values: int = VALUES) -> Schema:
    """Of the rows: the domain is a category too."""
    spread = np.geomspace(10, 400_000, categories)
    tables = {f"c{i}": FIRST_ID + int(size) for i, size in enumerate(spread * values / spread.sum())}
    tables |= {"domain": FIRST_ID + len(DOMAINS)} | {f"n{i}": FIRST_ID for i in range(numbers)}
    knots = (-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0)
    return Schema(
        dataset="rows",
        features=tuple(
            NumberFeature(name=name, table=name, knots=knots)
            if name.startswith("n")
            else CategoricalFeature(name=name, table=name)
            for name in tables
        ),
        tables=tables,
        tasks=(Task(name="click", kind="binary"), Task(name="conversion", kind="binary", observed_if="click = 1")),
        domains=DOMAINS,
        knots=len(knots),
    )


def write_split(folder: Path, made: Schema, rows: int, valid: int = 10_000) -> None:
    """So many training and validation rows of that schema."""
    folder.mkdir(parents=True)
    save_schema(made, folder)
    for seed, (part, count) in enumerate({"train": rows, "valid": valid}.items()):
        ends = np.round(np.cumsum(SHARES) / SHARES.sum() * count).astype(int)
        for domain, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            path = folder / part / domain_folder(DOMAINS[domain]) / "part-0.parquet"
            path.parent.mkdir(parents=True)
            chance = np.random.default_rng([seed, domain])
            with TableWriter(path, _chunk(made, chance, domain, 0, 1).schema) as writer:
                for first in range(start, end, CHUNK):
                    writer.write(_chunk(made, chance, domain, first, min(CHUNK, end - first)))


def _chunk(made: Schema, chance: np.random.Generator, domain: int, first: int, rows: int) -> pa.Table:
    columns: dict[str, pa.Array] = {"row": pa.array(np.arange(first, first + rows))}
    for feature in made.features:
        if feature.name == "domain":
            ids = np.full(rows, FIRST_ID + domain, np.int32)
        elif isinstance(feature, NumberFeature):
            ids = np.ones(rows, np.int32)
        else:
            ids = _skewed(chance, made.tables[feature.table], rows)
        columns[feature.column] = pa.array(ids)
    for number in made.numbers:
        value = chance.standard_normal(rows, np.float32).round(2)
        columns[number.value_column] = pa.array(value, mask=chance.random(rows, np.float32) < 0.05)
    click, conversion = (chance.random(rows, np.float32) < share for share in (0.1, 0.2))
    columns["label:click"] = pa.array(click.astype(np.float32))
    columns["label:conversion"] = pa.array(conversion.astype(np.float32), mask=~click)
    return pa.table(columns)


def _skewed(chance: np.random.Generator, table: int, rows: int) -> NDArray[np.int32]:
    """Ids of a table, the first ones most often."""
    size = np.float32(table - FIRST_ID)
    rank = np.minimum(np.exp(chance.random(rows, np.float32) * np.log(size)), size).astype(np.int32)
    return FIRST_ID - 1 + rank
