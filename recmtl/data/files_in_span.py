"""Which files of a folder of rows lie in the span of time that a split asks for: the others need not be read.

It decides by what folders say alone, and only where they say the time of each row as a date or a date-time; the split
is then the same as if all had been read. So a log of years costs what its span costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from recmtl.data.own_parts import Part
from recmtl.data.partitions import RowFile, has_content, with_content
from recmtl.data.policies import SplitConfig, WindowSplit
from recmtl.data.table_files import open_table
from recmtl.data.table_form import TableForm
from recmtl.data.times import DAY, dates_among, microseconds, parse
from recmtl.data.typed_columns import Misfit, as_text
from recmtl.errors import DataError

Files = Mapping[Part, Sequence[RowFile]]


@dataclass(frozen=True)
class Reading:
    """What is read of a table's files."""

    files: Files
    """Of each part; none, if all of its folders lie outside the span."""
    remark: str = ""
    """What is not read; empty if all is."""


def files_to_read(
    files: Files, policy: SplitConfig, column: str | None, missing: Sequence[str], form: TableForm | None, place: str
) -> Reading:
    """Leave out the folders in which no row can be in the policy's span.

    Args:
        files: of each part.
        policy: its `since`, `until` and window.
        column: of the time key; None: there is none.
        missing: texts that mean missing in it.
        form: of the files; None: their names say it.
        place: where they lie, for errors.

    Raises:
        DataError: no folder lies in the span; the newest folders cannot be read.
    """
    bounds = _bounds(policy)
    every = [file for found in files.values() for file in found]
    times = {} if bounds is None or column is None else _times(every, column, missing)
    span = _span(policy, bounds or {}, times, form) if times else None
    if span is None:
        return Reading({part: with_content(found) for part, found in files.items()})
    kept = {part: [file for file in found if span[0] <= times[file] < span[1]] for part, found in files.items()}
    within = _in_words(policy)
    if not any(kept.values()):
        first, last = (dict(end(times, key=lambda file: times[file]).partition)[str(column)] for end in (min, max))
        raise DataError(f"{place}: no folder lies within {within}.", hint=f"They run from {first} to {last}.")
    read, there = ({file.path.parent for found in each.values() for file in found} for each in (kept, files))
    remark = f"{len(read):,} of {len(there):,} folders lie within {within}: the others are not read, nor counted"
    narrowed = {part: with_content(found) for part, found in kept.items()}
    return Reading(narrowed, remark if len(read) < len(there) else "")


def _in_words(policy: SplitConfig) -> str:
    """The span."""
    bounds = [f"split.{name} {bound}" for name in ("since", "until") if (bound := getattr(policy, name)) is not None]
    return " and ".join([*bounds, *(["the days of the window"] if isinstance(policy, WindowSplit) else [])])


def _bounds(policy: SplitConfig) -> dict[str, int] | None:
    """`since` and `until` in microseconds since 1970; None if all is read, or a bound is a number."""
    asked = {name: parse(bound) for name in ("since", "until") if (bound := getattr(policy, name)) is not None}
    found = {name: microseconds(moment) for name, moment in asked.items() if isinstance(moment, datetime)}
    return found if len(found) == len(asked) and (found or isinstance(policy, WindowSplit)) else None


def _times(files: Sequence[RowFile], column: str, missing: Sequence[str]) -> dict[RowFile, int]:
    """The microseconds since 1970 of all rows of a file; nothing, unless all files say them."""
    values = [dict(file.partition).get(column) for file in files]
    try:
        texts = as_text(pa.array(values, pa.string()), missing).to_pylist()
    except Misfit:
        return {}
    known = dates([text for text in dict.fromkeys(texts) if text is not None])
    found = {file: known[text] for file, text in zip(files, texts, strict=True) if known.get(text) is not None}
    return found if len(found) == len(files) else {}


def _span(
    policy: SplitConfig, bounds: Mapping[str, int], times: Mapping[RowFile, int], form: TableForm | None
) -> tuple[int, int] | None:
    """The first microsecond, and the first one behind; None if no row says where the window ends."""
    start, end = bounds.get("since", min(times.values())), bounds.get("until", max(times.values()) + 1)
    if not isinstance(policy, WindowSplit):
        return start, end
    if "until" not in bounds:
        newest = _newest(times, form)
        if newest is None:
            return None
        end = (newest // DAY + 1) * DAY
    return max(start, end - (policy.train_days + policy.valid_days + policy.test_days) * DAY), end


def _newest(times: Mapping[RowFile, int], form: TableForm | None) -> int | None:
    """The latest time of which a file has a row."""
    latest_first = sorted(times, key=lambda file: times[file], reverse=True)
    return next((times[file] for file in latest_first if has_content(file) and _has_rows(file, form)), None)


def _has_rows(file: RowFile, form: TableForm | None) -> bool:
    return any(len(piece.batch) for piece in open_table(str(file.path), form, [file]).pieces)


def dates(texts: Sequence[str]) -> dict[str, int]:
    """Text -> its microseconds since 1970, of those that are dates or date-times, by the rules of `times`."""
    with duckdb.connect() as connection:
        query = dates_among("SELECT unnest(?::VARCHAR[]) AS text")
        return {text: int(since) for text, since in connection.execute(query, [list(texts)]).fetchall()}
