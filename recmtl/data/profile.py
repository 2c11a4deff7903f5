"""What a split looks like in numbers: rows and labels by part and domain, users and items, and how much of each feature
is missing or unseen. Everything is counted in integers or exact decimals, so that no number depends on threads.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection

from recmtl.data.coded import texts_of
from recmtl.data.encoding import BATCH_ROWS
from recmtl.data.layout import DOMAIN, PART, Key, Layout
from recmtl.data.policies import PARTS
from recmtl.data.sql import exact_mean, quote_name, quote_text
from recmtl.schema import FIRST_ID, MISSING, UNSEEN, Feature, Schema, SequenceFeature

COUNTED: tuple[Key, ...] = ("user", "item")
"""The keys whose different values are counted."""


def profile(connection: DuckDBPyConnection, layout: Layout, schema: Schema, out: Path) -> dict[str, Any]:
    """Counts over the table `rows` and the files written from it below `out`, as JSON values in a fixed order:

    cells      rows, and each task's observed labels and their mean (of a binary task the positive rate), by part and
               domain
    totals     the same by domain in all parts (part is null), by part in all domains (domain is null), and of all
    keys       different users and items (where the layout has such keys), by domain and in all, whole and by part
    features   ids of its vocabulary (the three reserved ones included); the share of rows that miss it, in all and by
               part; and the share of its values in valid and test that have no id: those that training does not hold,
               or less often than `min_count`. Null where there is nothing to share, or where a number has no ids
    """
    domains = texts_of(connection, DOMAIN).to_pylist()
    cells, totals = _cells(connection, schema, domains)
    return {
        "cells": cells,
        "totals": totals,
        "keys": _keys(connection, layout, domains),
        "features": _features(schema, out),
    }


def _cells(
    connection: DuckDBPyConnection, schema: Schema, domains: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    part, domain = quote_name(PART), quote_name(DOMAIN)
    labels = "".join(f", count({quote_name(t.name)}), {exact_mean(quote_name(t.name))}" for t in schema.tasks)
    found = connection.execute(
        f"SELECT {part} AS part, {domain} AS domain, count(*){labels} FROM rows "
        f"GROUP BY GROUPING SETS (({part}, {domain}), ({domain}), ({part}), ()) "
        "ORDER BY part NULLS LAST, domain NULLS LAST"
    ).fetchall()
    cells = [
        {
            "part": part,
            "domain": None if domain is None else domains[domain],
            "rows": rows,
            "tasks": {
                t.name: {"observed": values[2 * i], "mean": values[2 * i + 1]} for i, t in enumerate(schema.tasks)
            },
        }
        for part, domain, rows, *values in found
    ]
    inner = [cell for cell in cells if cell["part"] is not None and cell["domain"] is not None]
    return inner, [cell for cell in cells if cell["part"] is None or cell["domain"] is None]


def _keys(connection: DuckDBPyConnection, layout: Layout, domains: list[str]) -> list[dict[str, Any]]:
    """One entry a domain and one, with the domain null, over all of them."""
    entries: dict[str | None, dict[str, Any]] = defaultdict(dict)
    place = " ".join(f"WHEN {quote_text(part)} THEN {1 << i}" for i, part in enumerate(PARTS))
    inside = ", ".join(f"count(key) FILTER (parts & {1 << i} <> 0)" for i in range(len(PARTS)))
    for key in COUNTED:
        if key not in layout.keys:
            continue
        column = quote_name(layout.keys[key])
        # one pass over the rows; what follows goes over each domain's different values
        found = connection.execute(f"""
            WITH of_domain AS MATERIALIZED (
                SELECT {quote_name(DOMAIN)} AS domain, {column} AS key,
                    bit_or(CASE {quote_name(PART)} {place} END) AS parts
                FROM rows GROUP BY 1, 2),
            of_all AS (SELECT key, bit_or(parts) AS parts FROM of_domain GROUP BY key)
            SELECT domain, count(key), {inside} FROM of_domain GROUP BY domain
            UNION ALL SELECT NULL, count(key), {inside} FROM of_all
            ORDER BY domain NULLS LAST""").fetchall()
        for domain, whole, *counts in found:
            entries[None if domain is None else domains[domain]][f"{key}s"] = {
                "all": whole,
                **dict(zip(PARTS, counts, strict=True)),
            }
    return [{"domain": domain, **counts} for domain, counts in entries.items()]


def _features(schema: Schema, out: Path) -> dict[str, Any]:
    """Counted in the ids that were written: they say which values are missing and which are unseen."""
    counts = {part: _count_ids(schema, out / part) for part in PARTS}
    features = {}
    for feature in schema.features:
        of_part = {part: found[feature.name] for part, found in counts.items()}
        ids = schema.vocabulary_rows[feature.table]
        features[feature.name] = {
            "missing": _missing(sum(of_part.values(), Counter())),
            "ids": ids,
            "missing_by_part": {part: _missing(found) for part, found in of_part.items()},
            "unseen": {part: _unseen(of_part[part]) if ids > FIRST_ID else None for part in PARTS[1:]},
        }
    return features


def _missing(counts: Mapping[str, int]) -> float | None:
    return counts["missing"] / counts["rows"] if counts["rows"] else None


def _unseen(counts: Mapping[str, int]) -> float | None:
    return counts["unseen"] / counts["values"] if counts["values"] else None


def _count_ids(schema: Schema, folder: Path) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {feature.name: Counter() for feature in schema.features}
    columns = [feature.column for feature in schema.features]
    for path in sorted(folder.glob("*/part-*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS, columns=columns):
            for feature in schema.features:
                counts[feature.name].update(_count(feature, batch[feature.column]))
    return counts


def _count(feature: Feature, ids: pa.Array) -> dict[str, int]:
    """Rows, rows that miss the feature, values, values without an id."""
    rows = len(ids)
    if isinstance(feature, SequenceFeature):
        lengths = np.diff(ids.offsets.to_numpy())
        values = ids.flatten().to_numpy()
        without = int(np.count_nonzero(values == MISSING))  # a null within a list
        missing, present = int(np.count_nonzero(lengths == 0)), len(values) - without
    else:
        values = ids.to_numpy()
        missing = int(np.count_nonzero(values == MISSING))
        present = rows - missing
    unseen = int(np.count_nonzero(values == UNSEEN))
    return {"rows": rows, "missing": missing, "values": present, "unseen": unseen}
