"""Times as they stand in the time key, a text: numbers, or dates and date-times. They are put in order by what they
mean and never as texts.

A date-time means UTC unless it ends in an offset. Fourteen digits that read as YYYYMMDDhhmmss of the years 1900 to 2099
are that date-time (as milliseconds since 1970 they would lie after the year 2500). Any other number means what it is;
where dates are compared with numbers, the largest number tells what they count since 1970: below 1e11 seconds, below
1e14 milliseconds, below 1e17 microseconds, else nanoseconds.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import AfterValidator

from recmtl.data.layout import dictionary
from recmtl.data.sql import quote_name

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000
"""Microseconds."""
EARLIEST = 1e8
"""Numbers that stay below it count something else than seconds since 1970: it is a day in 1973."""
_NUMBER = "DECIMAL(38, 9)"
"""Exact for nanoseconds, and for seconds with as many digits behind the point."""
_LARGEST = Decimal(10) ** 28
_DATE = r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)"
_DIGITS = r"(19|20)\d{12}"
"""YYYYMMDDhhmmss."""


def parse(moment: int | float | str) -> Decimal | datetime:
    """A number, or a date-time in UTC.

    Raises:
        ValueError: it is neither.
    """
    if re.fullmatch(_DIGITS, str(moment)):
        with suppress(ValueError):  # 2026 in another place than a year's
            return datetime.strptime(str(moment), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    try:
        number = Decimal(str(moment))
        if number.is_finite() and abs(number) < _LARGEST:
            return number
    except InvalidOperation:
        try:
            found = datetime.fromisoformat(str(moment))
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"{moment!r} is neither a date like 2026-11-20, a date-time like 2026-11-20T18:30, nor a number")


def _check(moment: int | float | str) -> int | float | str:
    parse(moment)
    return moment


Moment = Annotated[int | float | str, AfterValidator(_check)]
"""A time in a config."""


def microseconds(moment: datetime) -> int:
    """Since 1970."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def date_at(since_epoch: int) -> str:
    """The date-time so many microseconds after 1970 began."""
    seconds, rest = divmod(since_epoch, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest).isoformat()


def dates_among(texts: str) -> str:
    """SQL: of the column `text` of a query the dates and date-times, each with its microseconds since 1970."""
    return f"SELECT text, {_date('text')} AS since FROM ({texts}) WHERE {_number('text')} IS NULL AND since IS NOT NULL"


def times(column: str) -> str:
    """SQL: each row's time, from the text column of raw_rows, in the columns

    row
    moment    decimal, by which to order: the number, or a date-time's microseconds; null where there is neither
    us        decimal: microseconds since 1970
    is_date   whether it is a date or a date-time
    largest   of all numbers that were read the largest in size; null where there is none
    """
    texts = dictionary(column)
    return f"""
        SELECT row, moment, is_date, largest, us
        FROM (SELECT row, {quote_name(column)} AS code FROM raw_rows) LEFT JOIN (
            SELECT code, coalesce(number, date) AS moment, number IS NULL AND date IS NOT NULL AS is_date, largest,
                CASE WHEN number IS NULL THEN date ELSE {_scaled("number")} END AS us
            FROM (SELECT code, {_number("text")} AS number, {_date("text")}::{_NUMBER} AS date FROM {texts})
            CROSS JOIN (SELECT max(abs({_number("text")})) AS largest FROM {texts})
        ) USING (code)"""


def moment_in_microseconds(moment: int | float | str) -> str:
    """SQL, beside the column `largest`: microseconds since 1970."""
    found = parse(moment)
    return str(microseconds(found)) if isinstance(found, datetime) else _scaled(literal(found))


def literal(number: Decimal) -> str:
    """SQL: the number, comparable with `moment`."""
    return f"'{number:f}'::{_NUMBER}"


def _number(text: str) -> str:
    return f"CASE WHEN {_of_digits(text)} IS NULL THEN TRY_CAST({text} AS {_NUMBER}) END"


def _of_digits(text: str) -> str:
    """A timestamp; null where the text is no YYYYMMDDhhmmss."""
    parts = [f"substr({text}, {begin}, {size})" for begin, size in ((1, 4), (5, 2), (7, 2), (9, 2), (11, 2), (13, 2))]
    spelled = " || ".join(f"{part} || '{after}'" for part, after in zip(parts, "-- ::", strict=False))
    return f"CASE WHEN regexp_full_match({text}, '{_DIGITS}') THEN TRY_CAST({spelled} || {parts[-1]} AS TIMESTAMP) END"


def _date(text: str) -> str:
    # a cast to TIMESTAMP would drop an offset without a word, and one to TIMESTAMPTZ would add the machine's
    return (
        f"CASE WHEN regexp_full_match({text}, '{_DATE}{_OFFSET}') THEN epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)) "
        f"WHEN regexp_full_match({text}, '{_DATE}') THEN epoch_us(TRY_CAST({text} AS TIMESTAMP)) "
        f"ELSE epoch_us({_of_digits(text)}) END"
    )


def _scaled(number: str) -> str:
    return (
        f"CASE WHEN largest < 1e11 THEN {number} * 1000000 WHEN largest < 1e14 THEN {number} * 1000 "
        f"WHEN largest < 1e17 THEN {number} ELSE (floor({number})::HUGEINT // 1000)::{_NUMBER} END"
    )
