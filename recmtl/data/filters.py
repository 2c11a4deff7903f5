"""Which rows take part in a split at all: those in its span of time, in its window, in its k-core. What is left out is
counted and told.
"""

from datetime import datetime
from decimal import Decimal

from duckdb import DuckDBPyConnection

from recmtl.artifacts.progress import SILENT, Progress
from recmtl.data.coded import text_in_row
from recmtl.data.k_core import keep_core
from recmtl.data.layout import Layout
from recmtl.data.policies import SplitConfig, WindowSplit
from recmtl.data.policies.base import key_column
from recmtl.data.sql import quote_name
from recmtl.data.times import EARLIEST, date_at, literal, microseconds, parse, times
from recmtl.errors import ConfigError, DataError


def filter_rows(
    connection: DuckDBPyConnection,
    layout: Layout,
    policy: SplitConfig,
    place: str,
    hint: str,
    progress: Progress = SILENT,
) -> tuple[SplitConfig, dict[str, int]]:
    """Delete from raw_rows what the policy leaves out before it deals: first by time, then by the k-core.

    Args:
        connection: it holds the table `raw_rows`.
        layout: of that table.
        policy: what is asked for.
        place: where the rows lie, for errors.
        hint: how to find a row that is refused.
        progress: told how many rows are left out.

    Returns:
        The policy, its `until` fixed where it is found in the data; and the rows that each rule left out.

    Raises:
        ConfigError: the data set has no such key or task; a bound is of another kind than the times.
        DataError: a row lacks a key that is needed, or its time is none; no row is left.
    """
    policy.query(layout)  # raises where the layout lacks a key, before rows are looked at
    bounds = {name: bound for name in ("since", "until") if (bound := getattr(policy, name)) is not None}
    for name in bounds:
        key_column(layout, "time", f"split.{name}")
    for key in policy.needs():
        if key != "time":
            _require_key(connection, layout.keys[key], key, place, hint)
    left_out: dict[str, int] = {}
    if bounds or "time" in policy.needs():
        column = layout.keys["time"]
        check_times(connection, column, place, hint)
        _check_bounds(connection, column, policy, bounds)
        if bounds:
            left_out["time"] = _keep_span(connection, column, bounds, place)
    if isinstance(policy, WindowSplit):
        policy = _fixed(connection, policy, layout.keys["time"])
        left_out["window"] = _delete_others(connection, f"SELECT row FROM ({policy.query(layout)})")
        progress.say(f"the window ends before {policy.until}")
    if policy.k_core is not None:
        left_out["k_core"] = keep_core(connection, layout, policy.k_core)
    for rule, rows in left_out.items():
        progress.say(f"{rows:,} rows are left out by {_RULES[rule]}")
    return policy, left_out


_RULES = {
    "time": "split.since and split.until",
    "window": "the days of the window",
    "k_core": "split.k_core",
}


def _require_key(connection: DuckDBPyConnection, column: str, key: str, place: str, hint: str) -> None:
    row = connection.execute(f"SELECT min(row) FROM raw_rows WHERE {quote_name(column)} IS NULL").fetchall()[0][0]
    if row is not None:
        raise DataError(f"{place}, row {row}: the {key} {column!r} is missing, and the split needs it.", hint=hint)


def check_times(connection: DuckDBPyConnection, column: str, place: str, hint: str, required: bool = True) -> None:
    """Each is there, if they are required, and all are numbers or all are dates.

    Raises:
        DataError: a row of raw_rows has none, or another kind than others.
    """
    looked_at = "" if required else f" WHERE row IN (SELECT row FROM raw_rows WHERE {quote_name(column)} IS NOT NULL)"
    none, number, date = connection.execute(
        "SELECT min(row) FILTER (moment IS NULL), min(row) FILTER (moment IS NOT NULL AND NOT is_date), "
        f"min(row) FILTER (is_date) FROM ({times(column)}){looked_at}"
    ).fetchall()[0]

    def shown(row: int) -> str | None:
        text = text_in_row(connection, column, row)
        return None if text is None else repr(text[:50])

    if none is not None:
        text = shown(none)
        problem = "is missing" if text is None else f"is {text}, neither a number nor a date like 2026-11-20"
        raise DataError(f"{place}, row {none}: the time {column!r} {problem}.", hint=hint)
    if number is not None and date is not None:
        raise DataError(
            f"{place}, row {date}: the time {column!r} is the date {shown(date)}, but that of row {number} is the "
            f"number {shown(number)}.",
            hint="Write all times in one way.",
        )


def _check_bounds(
    connection: DuckDBPyConnection, column: str, policy: SplitConfig, bounds: dict[str, int | float | str]
) -> None:
    """A bound can be compared with the times."""
    largest = connection.execute(f"SELECT any_value(largest) FROM ({times(column)})").fetchall()[0][0]
    for name, bound in bounds.items():
        if isinstance(parse(bound), Decimal) and largest is None:
            raise ConfigError(
                f"split.{name} is the number {bound}, but the times of the data set are dates.",
                hint="Give a date like 2026-11-20.",
            )
    dated = [f"split.{name} is a date" for name, bound in bounds.items() if isinstance(parse(bound), datetime)]
    dated += ["the window counts days"] if isinstance(policy, WindowSplit) else []
    if dated and largest is not None and largest < EARLIEST:
        raise ConfigError(
            f"{dated[0]}, but the times go up to {largest.normalize():f} only: no number of seconds since 1970.",
            hint="Give split.since and split.until as numbers of that kind, and use no window.",
        )


def _keep_span(connection: DuckDBPyConnection, column: str, bounds: dict[str, int | float | str], place: str) -> int:
    conditions = []
    for name, bound in bounds.items():
        found = parse(bound)
        side = f"us {{}} {microseconds(found)}" if isinstance(found, datetime) else f"moment {{}} {literal(found)}"
        conditions.append(side.format(">=" if name == "since" else "<"))
    inside = f"SELECT row FROM ({times(column)}) WHERE {' AND '.join(conditions)}"
    if not connection.execute(f"SELECT count(*) FROM ({inside})").fetchall()[0][0]:
        ends = connection.execute(f"SELECT arg_min(row, moment), arg_max(row, moment) FROM ({times(column)})")
        first, last = (text_in_row(connection, column, row) for row in ends.fetchall()[0])
        asked = " and ".join(f"split.{name} {bound}" for name, bound in bounds.items())
        raise DataError(f"{place}: no row lies within {asked}.", hint=f"The times run from {first} to {last}.")
    return _delete_others(connection, inside)


def _fixed(connection: DuckDBPyConnection, policy: WindowSplit, column: str) -> WindowSplit:
    """With the end that the data gives: rows that go later do not move it."""
    if policy.until is not None:
        return policy
    end = connection.execute(policy.ending(column)).fetchall()[0][0]
    return policy.model_copy(update={"until": date_at(int(end))})


def _delete_others(connection: DuckDBPyConnection, kept: str) -> int:
    """How many are deleted."""
    found = connection.execute(f"DELETE FROM raw_rows WHERE row NOT IN ({kept})").fetchall()
    return int(found[0][0])
