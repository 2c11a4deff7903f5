"""Features that tell a label by themselves: those with an AUC that no honest feature has.

A number is ranked by itself, a sequence by its length, from either end and with missing ones first or last; categories,
numbers and vectors also by the mean label of their value, learnt on other rows than those it is measured on (validation
rows, if they hold both classes `MIN_CLASS` times; else every second row of all): a value that no other row has tells
nothing, so that ids are not suspected. A task is left out whose rows do not hold both classes so often.

It looks at no more than `PART_ROWS` training and as many validation rows of each task, drawn by the last bits of their
chance (the first ones decide about parts): the same rows on any machine, whatever the number of threads.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from recmtl.data.layout import CHANCE, PART
from recmtl.data.policies.base import BY_CHANCE
from recmtl.data.sql import quote_name
from recmtl.schema import Feature, NumberFeature, Schema, SequenceFeature

MAX_AUC = 0.99
"""Of a single feature; above it the feature holds the label."""
MIN_CLASS = 20
"""Rows of each class below which an AUC is chance."""
PART_ROWS = 100_000
"""Rows that are looked at of train and of valid, for each task."""
_DRAWN = 98_000
"""How many are asked for: how many come varies by chance, hardly ever by 2,000."""

_CHANCE = f"({quote_name(CHANCE)} & {2**32 - 1})"

Codes = NDArray[np.int64]


def telling_features(connection: DuckDBPyConnection, schema: Schema) -> Iterator[tuple[tuple[str, str], float]]:
    """((feature, task), AUC) of every pair whose AUC is above `MAX_AUC`, over rows of train and valid in `rows`."""
    tasks = [task.name for task in schema.tasks if task.kind == "binary"]
    if not tasks:
        return
    _draw(connection, schema, tasks)
    samples = {task: sample for task in tasks if (sample := _sample(connection, task)) is not None}
    for feature, raw in zip(schema.features, schema.raw_columns, strict=True) if samples else ():
        values = _column(connection, _ranked(feature, raw))
        ordered = isinstance(feature, NumberFeature | SequenceFeature)
        codes = _codes(values, ordered)
        for task, sample in samples.items():
            area = sample.area(codes, ordered)
            if area > MAX_AUC:
                yield (feature.name, task), area
    connection.execute("DROP TABLE leak_rows")


def _ranked(feature: Feature, column: str) -> str:
    name = quote_name(column)
    return f"len(coalesce({name}, []))" if isinstance(feature, SequenceFeature) else name


def _draw(connection: DuckDBPyConnection, schema: Schema, tasks: list[str]) -> None:
    """The rows to look at, as the table `leak_rows` with their `place` in an order by chance; for each task and part
    about `_DRAWN` rows of the lowest MD5, or all.
    """
    part = quote_name(PART)
    counts = ", ".join(f"count({quote_name(task)})" for task in tasks)
    observed = connection.execute(
        f"SELECT {part}, {counts} FROM rows WHERE {part} IN ('train', 'valid') GROUP BY 1 ORDER BY 1"
    ).fetchall()
    shares = {
        f"{part} = '{name}' AND {quote_name(task)} IS NOT NULL": _DRAWN / max(count, 1)
        for name, *found in observed
        for task, count in zip(tasks, found, strict=True)
    }
    columns = ", ".join(map(quote_name, dict.fromkeys((PART, *schema.raw_columns, *tasks))))
    drawn = " OR ".join(
        f"({condition} AND {_CHANCE} < {int(min(share, 1) * 2**32)})" for condition, share in shares.items()
    )
    connection.execute(f"""
        CREATE TEMP TABLE leak_rows AS
        SELECT row_number() OVER (ORDER BY {_CHANCE}, {BY_CHANCE}) AS "leak:place", {columns}
        FROM rows WHERE {drawn}""")


def _column(connection: DuckDBPyConnection, expression: str) -> pa.Array:
    table = connection.sql(f'SELECT {expression} AS value FROM leak_rows ORDER BY "leak:place"').to_arrow_table()
    return table["value"].combine_chunks()


def _codes(values: pa.Array, ordered: bool) -> Codes:
    """[N] the position of each value among the different ones, ascending if `ordered`; -1 where it is missing."""
    if not ordered:
        indices = values.dictionary_encode().indices
        return np.asarray(indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    codes = np.full(len(values), -1, np.int64)
    known = values.is_valid().to_numpy(zero_copy_only=False)
    codes[known] = np.unique(values.drop_null().to_numpy(), return_inverse=True)[1]
    return codes


@dataclass(frozen=True)
class _Sample:
    """Rows of one task, in the order of chance."""

    places: NDArray[np.int64]
    """[N] of its rows, among all that were drawn."""
    label: NDArray[np.bool_]
    """[N]"""
    held: NDArray[np.bool_]
    """[N] rows that are measured; the mean labels of values are learnt on the others."""

    def area(self, codes: Codes, ordered: bool) -> float:
        """The greatest AUC of a feature given by the codes of all drawn rows, ranked in any way."""
        mine = codes[self.places] + 1  # 0: missing
        found = [_area(self.label[self.held], self._means(mine)[self.held])]
        if ordered:
            for missing in (0, mine.max() + 1):
                area = _area(self.label, np.where(mine == 0, missing, mine))
                found += [area, 1 - area]
        return max(found)

    def _means(self, codes: Codes) -> NDArray[np.int64]:
        """[N] the rank of the mean label that each row's value has in the rows that are not held."""
        size = int(codes.max()) + 1
        known, positive = codes[~self.held], codes[~self.held & self.label]
        rows, positives = np.bincount(known, minlength=size), np.bincount(positive, minlength=size)
        # as if each value had been seen once more, with the mean of all: so a rare one is not sure of itself
        means = (positives + len(positive) / max(len(known), 1)) / (rows + 1)
        return np.unique(means, return_inverse=True)[1][codes]


def _sample(connection: DuckDBPyConnection, task: str) -> _Sample | None:
    """None if it does not hold both classes often enough."""
    label = _column(connection, quote_name(task)).to_numpy(zero_copy_only=False)
    valid = _column(connection, f"{quote_name(PART)} = 'valid'").to_numpy(zero_copy_only=False).astype(bool)
    seen = ~np.isnan(label)
    chosen = np.concatenate([np.flatnonzero(seen & inside)[:PART_ROWS] for inside in (valid, ~valid)])
    places = np.sort(chosen)
    positive, held = label[places] == 1, valid[places]
    if not _both(positive, held):
        held = np.arange(len(places)) % 2 == 1
    return _Sample(places, positive, held) if _both(positive, held) else None


def _both(positive: NDArray[np.bool_], held: NDArray[np.bool_]) -> bool:
    return bool(min(np.count_nonzero(positive[held]), np.count_nonzero(~positive[held])) >= MIN_CLASS)


def _area(label: NDArray[np.bool_], score: Codes) -> float:
    """AUC with ties by halves, of scores that are small integers of at least 0; pairs are counted in integers."""
    size = int(score.max()) + 1
    positives = np.bincount(score[label], minlength=size)
    negatives = np.bincount(score[~label], minlength=size)
    twice = int((positives * (2 * (np.cumsum(negatives) - negatives) + negatives)).sum())
    return twice / (2 * int(positives.sum()) * int(negatives.sum()))
