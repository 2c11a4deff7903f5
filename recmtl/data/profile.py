"""What a split looks like in numbers: rows and labels by part and domain, and how much of each feature is missing."""

from typing import Any

from duckdb import DuckDBPyConnection

from recmtl.data.layout import DOMAIN, PART
from recmtl.data.sql import exact_mean, quote_name
from recmtl.schema import Feature, Schema, SequenceFeature


def profile(connection: DuckDBPyConnection, schema: Schema) -> dict[str, Any]:
    """Counts over the table `rows`, as JSON values in a fixed order."""
    labels = "".join(f", count({quote_name(t.name)}), {exact_mean(quote_name(t.name))}" for t in schema.tasks)
    cells = []
    for part, domain, rows, *values in connection.execute(
        f"SELECT {quote_name(PART)} AS part, {quote_name(DOMAIN)} AS domain, count(*){labels} "
        "FROM rows GROUP BY ALL ORDER BY 1, 2"
    ).fetchall():
        tasks = {
            task.name: {"observed": values[2 * i], "mean": values[2 * i + 1]} for i, task in enumerate(schema.tasks)
        }
        cells.append({"part": part, "domain": domain, "rows": rows, "tasks": tasks})
    columns = zip(schema.features, schema.raw_columns, strict=True)
    missing = ", ".join(f"avg(CAST({_is_missing(feature, column)} AS INTEGER))" for feature, column in columns)
    shares = connection.execute(f"SELECT {missing} FROM rows").fetchall()[0]
    return {
        "cells": cells,
        "features": {
            f.name: {"missing": share, "ids": schema.vocabulary_rows[f.table]}
            for f, share in zip(schema.features, shares, strict=True)
        },
    }


def _is_missing(feature: Feature, column: str) -> str:
    name = quote_name(column)
    return f"len(coalesce({name}, [])) = 0" if isinstance(feature, SequenceFeature) else f"{name} IS NULL"
