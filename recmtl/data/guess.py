"""What the columns of a table may be for a ranking model: a first guess, each with its reason, for a person to correct.

What is uncertain is left out rather than learnt from: a column that tells a label nearly always, one that is nearly
unique, one that looks like another label.
"""

from collections.abc import Sequence
from typing import get_args

import numpy as np

from recmtl.config import nearest
from recmtl.data import name_words
from recmtl.data.column_profile import ColumnProfile, Kind, Sample
from recmtl.data.guesses import Guesses, Role, is_binary, is_name, known, names_rows
from recmtl.data.label_leaks import SUSPECT, tells
from recmtl.data.layout import Key
from recmtl.data.times import parse
from recmtl.errors import ConfigError
from recmtl.schema import ALL

MAX_DOMAINS = 100
"""A column with more values is not taken for the domain's, unless it is named."""
LARGE = 10.0**7
"""Whole numbers up to there may be amounts; larger ones are hashes."""
TAKEN = ("row", "part")


def guess_roles(sample: Sample, labels: Sequence[str] = (), domain: str | None = None) -> Guesses:
    """A role for each column.

    Args:
        sample: what the table holds.
        labels: columns that are the labels; none: they are guessed.
        domain: the column of the domains; none: it is guessed.

    Raises:
        ConfigError: there is no such column, it cannot be that, or there is no label or no feature.
    """
    guesses = Guesses(sample)
    _named(guesses, labels, domain)
    _refuse_names(guesses)
    _empty(guesses)
    _labels(guesses, bool(labels))
    if not guesses.of(Role.LABEL):
        raise ConfigError(
            "no column looks like a label: one of 0 and 1 called click, label, like or purchase, or of numbers called "
            "watch_ratio, rating or dwell.",
            hint=f"Name the columns of the labels: --label COLUMN. There are {_listed(sample)}.",
        )
    if domain is None:
        _domain(guesses)
    _keys(guesses)
    _leaks(guesses)
    _features(guesses)
    _one_separator(guesses)
    _nested_labels(guesses)
    if not guesses.of(Role.CATEGORICAL, Role.NUMBER, Role.SEQUENCE, Role.USER, Role.ITEM):
        raise ConfigError("no column is left that could be a feature.", hint=f"Look at the columns: {_listed(sample)}.")
    return guesses


def _named(guesses: Guesses, labels: Sequence[str], domain: str | None) -> None:
    columns = {column.name: column for column in guesses.sample.columns}
    for option, name in [*(("--label", name) for name in labels), *([("--domain", domain)] if domain else [])]:
        if name not in columns:
            raise ConfigError(f"{option} {name}: there is no such column{nearest(name, columns)}.")
        if name in guesses.found and option == "--domain":
            raise ConfigError(f"--domain {name}: this column is a label.", hint="Name another column.")
        column = columns[name]
        if not is_name(name) or name.lower() in TAKEN:
            raise ConfigError(f"{option} {name}: no task or domain may have this name.", hint="Rename it in the file.")
        if option == "--label":
            if column.numbers is None or column.kind is Kind.EMPTY:
                raise ConfigError(
                    f"--label {name}: this column holds {column.kind.value}.", hint="Labels are 0 and 1, or numbers."
                )
            if column.distinct < 2:
                raise ConfigError(f"--label {name}: this column has one value alone.", hint="Name another column.")
            guesses.give(column, Role.LABEL, "named with --label")
        elif problem := _no_domain(column):
            raise ConfigError(f"--domain {name}: {problem}.", hint="Name another column, or mend the rows.")
        else:
            guesses.give(column, Role.DOMAIN, "named with --domain")


def _refuse_names(guesses: Guesses) -> None:
    """Columns whose names no feature may have."""
    seen: dict[str, str] = {name: name for name in TAKEN}
    for guess in guesses.found.values():
        seen[guess.column.name.lower()] = guess.column.name
    for column in guesses.free:
        lower = column.name.lower()
        if lower in TAKEN:
            guesses.give(column, Role.OUT, "a split has a column of this name: rename it in the file")
        elif lower in seen:
            guesses.give(column, Role.OUT, f"its name differs from {seen[lower]!r} by capitals alone")
        elif not is_name(column.name):
            guesses.give(column, Role.OUT, "no feature may have this name: rename it in the file")
        seen.setdefault(lower, column.name)


def _empty(guesses: Guesses) -> None:
    for column in guesses.free:
        if column.kind is Kind.OTHER:
            guesses.give(column, Role.OUT, "its values are neither texts nor numbers nor lists of texts")
        elif column.distinct == 0:
            guesses.give(column, Role.OUT, "it is empty")
        elif column.distinct == 1 and (column.kind is Kind.LIST or not column.missing):
            guesses.give(column, Role.OUT, "it has one value alone")


def _labels(guesses: Guesses, named: bool) -> None:
    for column in guesses.free:
        value = name_words.names_value(column.name)
        binary = is_binary(column) and (name_words.names_label(column.name) or value)
        if not binary and not (_is_amount(column) and value):
            continue
        what = "0 and 1, and" if binary else "numbers, and"
        if named:
            guesses.give(column, Role.OUT, "looks like another label, which would tell the ones named")
        else:
            guesses.give(column, Role.LABEL, f"{what} called like a label")
    for column in guesses.free:
        if is_binary(column) and name_words.may_name_label(column.name) and not guesses.of(Role.LABEL):
            guesses.give(column, Role.LABEL, "0 and 1, and called is_...")


def _is_amount(column: ColumnProfile) -> bool:
    return column.kind in (Kind.WHOLE, Kind.NUMBER) and column.distinct > 2


def _domain(guesses: Guesses) -> None:
    for word in name_words.DOMAINS:
        for column in guesses.free:
            named = word in name_words.words(column.name) or name_words.squeezed(column.name) == f"{word}id"
            if named and 2 <= column.distinct <= MAX_DOMAINS and not _no_domain(column):
                guesses.give(column, Role.DOMAIN, f"{column.distinct} values, and called {word}")
                return


def _no_domain(column: ColumnProfile) -> str:
    """Why a column cannot tell the domains apart; empty if it can."""
    if column.texts is None or column.kind is Kind.TIME:
        return f"it holds {column.kind.value}"
    if column.missing:
        return f"it is missing in {column.missing:,} rows, and every row has a domain"
    wrong = next((value for value in column.texts.unique().to_pylist() if value == ALL or not is_name(value)), None)
    return "" if wrong is None else f"{wrong!r} can be no domain's name"


def _keys(guesses: Guesses) -> None:
    for key in get_args(Key):
        names = name_words.KEYS[key]
        fits = [c for c in guesses.free if name_words.squeezed(c.name) in names and _may_be_key(c, key, guesses)]
        if fits:
            best = min(fits, key=lambda column: names.index(name_words.squeezed(column.name)))
            guesses.give(best, Role(key), f"{best.distinct:,} values, and called so")
    for column in guesses.free:
        fits_weight = column.numbers is not None and not column.missing and bool((column.numbers > 0).all())
        if name_words.squeezed(column.name) in name_words.WEIGHTS and fits_weight and not guesses.of(Role.WEIGHT):
            guesses.give(column, Role.WEIGHT, "above 0, and called so")


def _may_be_key(column: ColumnProfile, key: Key, guesses: Guesses) -> bool:
    if column.texts is None:
        return False
    if key == "time":
        return _are_times(column)
    return column.kind in (Kind.TEXT, Kind.WHOLE) and (key != "group" or column.distinct < guesses.sample.rows)


def _are_times(column: ColumnProfile) -> bool:
    """Dates, or numbers too large for an hour or an age."""
    if column.numbers is not None:
        return float(np.nanmax(column.numbers)) >= LARGE
    try:
        for value in [] if column.texts is None else column.texts.unique().drop_null().to_pylist()[:1000]:
            parse(value)
    except ValueError:
        return False
    return column.texts is not None


def _leaks(guesses: Guesses) -> None:
    """Columns that tell a label nearly always."""
    labels = [(label.name, label.numbers, is_binary(label)) for label in guesses.of(Role.LABEL)]
    for column in guesses.free:
        for name, numbers, binary in labels:
            strength = 0.0 if numbers is None else tells(column, numbers, binary=binary)
            if strength >= SUSPECT:
                measure = "AUC" if binary else "rank correlation"
                guesses.give(column, Role.OUT, f"suspected leak: alone it tells {name!r} ({measure} {strength:.3f})")
                break


def _features(guesses: Guesses) -> None:
    for column in guesses.free:
        if column.kind is Kind.LIST:
            guesses.give(column, Role.SEQUENCE, f"{column.distinct:,} items")
        elif column.kind is Kind.NUMBER:
            guesses.give(column, Role.NUMBER, "fractions")
        elif names_rows(column, guesses.sample.rows):
            guesses.give(column, Role.OUT, "nearly unique: it names the row")
        elif column.kind is Kind.TIME or (column.kind is Kind.TEXT and _are_times(column)):
            guesses.give(column, Role.OUT, "a time: derive features such as the hour from it")
        elif column.kind is Kind.TEXT:
            guesses.give(column, Role.CATEGORICAL, "texts")
        elif name_words.names_category(column.name):
            guesses.give(column, Role.CATEGORICAL, "whole numbers, and called like a category")
        elif column.numbers is not None and float(np.abs(known(column.numbers)).max()) >= LARGE:
            guesses.give(column, Role.CATEGORICAL, "whole numbers, too large for amounts")
        else:
            guesses.give(column, Role.NUMBER, "whole numbers")


def _one_separator(guesses: Guesses) -> None:
    """A config has one; where columns have several, that of the most columns stays."""
    cut = [column for column in guesses.of(Role.SEQUENCE) if column.separator]
    kept = guesses.separator
    for column in cut:
        if column.separator != kept:
            guesses.give(column, Role.OUT, f"its items are cut at {column.separator!r}, those of others at {kept!r}")


def _nested_labels(guesses: Guesses) -> None:
    """Say which labels are there only after another."""
    labels = guesses.of(Role.LABEL)
    for first in filter(is_binary, labels):
        for second in labels:
            if second is first or first.numbers is None or second.numbers is None:
                continue
            positive = second.numbers > 0
            within = (first.numbers[positive] == 1).all()
            same = is_binary(second) and positive.sum() == (first.numbers == 1).sum()
            elsewhere = known(second.numbers[first.numbers != 1])  # where it is missing it was not observed anyhow
            if within and positive.any() and len(elsewhere) and not same:
                guesses.notes.append(
                    f"{second.name} is above 0 only where {first.name} is 1: it is learnt over all rows. If it means "
                    f'something only there, give its task "observed_if": {{"column": "{first.name}", "value": 1}}.'
                )


def _listed(sample: Sample, most: int = 20) -> str:
    names = ", ".join(column.name for column in sample.columns[:most])
    return f"{names}{', ...' if len(sample.columns) > most else ''}"
