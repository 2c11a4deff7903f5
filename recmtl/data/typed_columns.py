"""Columns of any file as what features are: text, numbers, lists of text. Strict: what does not fit is refused.

One rule for all files, so that a value means the same in each. Text is taken without the spaces around it; the empty
text, and the texts that a data set says mean missing, are null. Where a form has types, whole numbers are the text of
the integer, also where they are stored as floats (pandas stores ids as floats as soon as one is missing): 3, 3.0 and
"3" are one category. CSV has text alone: there 3.0 is another one, since nobody knows whether it was a number. A
fraction is no category: 2.50 and 2.5 would be two. A float32 is the number that its shortest decimal text says, as a
text file would have it.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MAX_NUMBER = float(np.finfo(np.float32).max)
"""Numbers are stored as float32."""
EXACT = {pa.float64(): 2.0**53, pa.float32(): 2.0**24, pa.float16(): 2.0**11}
"""Beyond, floats pass over integers, and two ids may have become one."""
_WRITE_AS_TEXT = "Write it as text."


class Misfit(Exception):
    """A value, or a whole column, is not what is needed."""

    def __init__(self, problem: str, row: int | None = None, *, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.row, self.hint = problem, row, hint


def as_text(values: pa.Array, missing: Sequence[str] = ()) -> pa.StringArray:
    """One text a row, or null.

    Raises:
        Misfit: a fraction, a list, an object, a NUL character.
    """
    return _cleaned(_texts(values), missing)


def as_number(values: pa.Array, missing: Sequence[str] = (), *, written: bool) -> pa.DoubleArray:
    """One finite double a row, or null; true and false are 1 and 0.

    Args:
        values: the column.
        missing: texts that mean null.
        written: texts are numbers written out, as in delimited files; else only those in `missing` are allowed.

    Raises:
        Misfit: text that is no number, NaN, infinity, a number beyond float32.
    """
    numbers = _numbers(values, missing, written)
    _refuse(pc.invert(pc.less_equal(pc.abs(numbers), MAX_NUMBER)), numbers, "no finite number", "Leave it empty.")
    return pc.add(numbers, 0.0)  # one value of 0.0 and -0.0


def as_texts(values: pa.Array, missing: Sequence[str] = (), *, separator: str = "|") -> pa.ListArray:
    """A list of texts a row, empty where missing; a text is cut at the separator. What is missing in a list is left
    out.

    Raises:
        Misfit: an item that is no text, a single number, an object.
    """
    lists = _lists(values, separator)
    parents = pc.list_parent_indices(lists).to_numpy()
    try:
        items = _cleaned(_texts(lists.flatten()), missing)
    except Misfit as misfit:
        row = None if misfit.row is None else int(parents[misfit.row])
        raise Misfit(f"holds a list in which an item {misfit.problem}", row, hint=misfit.hint) from misfit
    kept = np.asarray(items.is_valid())
    offsets = np.zeros(len(lists) + 1, np.int32)
    np.cumsum(np.bincount(parents[kept], minlength=len(lists)), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), items.filter(pa.array(kept)))


def plain(values: pa.Array) -> pa.Array:
    """Without the encodings that Arrow has beside a type."""
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def is_text(kind: pa.DataType) -> bool:
    """Any type of text."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_list(kind: pa.DataType) -> bool:
    """A type of lists that is read."""
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def first(mask: pa.Array) -> int | None:
    """The first row where it is true."""
    place = pc.index(mask, True).as_py()
    return None if place < 0 else int(place)


def _refuse(bad: pa.Array, values: pa.Array, what: str, hint: str) -> None:
    row = first(bad)
    if row is not None:
        raise Misfit(f"is {shown(values[row].as_py())}, {what}", row, hint=hint)


def shown(value: object, most: int = 100) -> str:
    """A value for an error, cut where it is longer than `most` characters."""
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."


def _cleaned(texts: pa.StringArray, missing: Sequence[str]) -> pa.StringArray:
    _refuse(pc.match_substring(texts, "\0"), texts, "with a NUL character", "Mend or remove this row.")
    trimmed = pc.utf8_trim(texts, characters=" ")
    is_missing = pc.is_in(trimmed, value_set=pa.array(["", *missing], pa.string()))
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), trimmed)


def _texts(values: pa.Array) -> pa.StringArray:
    values, kind = plain(values), values.type
    if isinstance(kind, pa.JsonType):
        return _each(values, _json_text, pa.string())
    if pa.types.is_floating(values.type) or pa.types.is_decimal(values.type):
        return _whole(values).cast(pa.string())
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("us", values.type.tz)).cast(pa.string())
    if is_list(values.type) or pa.types.is_nested(values.type):
        raise Misfit(f"holds {values.type}, where one text or whole number belongs", hint=_WRITE_AS_TEXT)
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Misfit(f"holds {values.type}, which is no text: {error}", hint=_WRITE_AS_TEXT) from error


def _whole(values: pa.Array) -> pa.Array:
    """Floats or decimals as integers."""
    what = "no whole number: a category is a text or a whole number"
    if pa.types.is_decimal(values.type):
        _refuse(pc.not_equal(pc.floor(values), values), values, what, _WRITE_AS_TEXT)
        return pc.floor(values).cast(pa.decimal128(38, 0))
    exact, numbers = EXACT[values.type], values.cast(pa.float64())
    _refuse(pc.invert(pc.is_finite(numbers)), numbers, "no category", "A missing value is null.")
    _refuse(pc.invert(pc.equal(pc.floor(numbers), numbers)), numbers, what, _WRITE_AS_TEXT)
    too_large = "too large for a float to hold each id"
    _refuse(pc.invert(pc.less_equal(pc.abs(numbers), exact)), numbers, too_large, "Store it as text or as integers.")
    return numbers.cast(pa.int64())


def _numbers(values: pa.Array, missing: Sequence[str], written: bool) -> pa.DoubleArray:
    values = plain(values)
    kind = values.type
    if isinstance(kind, pa.JsonType):
        return _each(values, lambda value: _json_number(value, missing), pa.float64())
    if is_text(kind):
        texts = _cleaned(_texts(values), missing)
        if not written:
            _refuse(texts.is_valid(), texts, "which is text; a number belongs here", "Write it without quotes.")
        return _parsed(texts)
    if kind in (pa.float32(), pa.float16()):
        return values.cast(pa.string()).cast(pa.float64())
    if pa.types.is_null(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return values.cast(pa.float64(), safe=False)  # above 2 ** 53 the nearest, as from a text file
    if pa.types.is_float64(kind):
        return values
    raise Misfit(f"holds {kind}, where a number belongs", hint="Write numbers.")


def _parsed(texts: pa.StringArray) -> pa.DoubleArray:
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return _each(texts, _written_number, pa.float64())


def _written_number(text: str) -> float:
    try:
        return float(pa.scalar(text).cast(pa.float64()).as_py())
    except pa.ArrowInvalid as error:
        raise Misfit(f"is {shown(text)}, which is no number", hint="Mend or remove this row.") from error


def _lists(values: pa.Array, separator: str) -> pa.ListArray:
    values = plain(values)
    kind = values.type
    if isinstance(kind, pa.JsonType):
        return _each(values, lambda value: _json_items(value, separator), pa.list_(pa.string()))
    if pa.types.is_null(kind):
        return values.cast(pa.list_(pa.string()))
    if is_text(kind):
        return pc.split_pattern(values.cast(pa.string()), separator)
    if is_list(kind):
        return values.cast(pa.list_(kind.value_type))
    raise Misfit(f"holds {kind}, where a list of texts belongs", hint=f"Write a list, or a text cut at {separator!r}.")


def _each(values: pa.Array, change: Callable[[Any], object], kind: pa.DataType) -> pa.Array:
    """Value by value: for columns that hold several kinds, and to find the row that does not fit."""
    changed: list[object] = []
    for row, value in enumerate(values.to_pylist()):
        try:
            changed.append(None if value is None else change(value))
        except Misfit as misfit:
            raise Misfit(misfit.problem, row, hint=misfit.hint) from misfit
    return pa.array(changed, kind)


def _json_text(written: str) -> str | None:
    return _text_of(json.loads(written))


def _text_of(value: object) -> str | None:
    """What a JSON value is as a category."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text: str | None = _whole(pa.array([value])).cast(pa.string())[0].as_py()
        return text
    raise Misfit(f"is {shown(value)}, where one text or whole number belongs", hint=_WRITE_AS_TEXT)


def _json_number(written: str, missing: Sequence[str]) -> float | None:
    value = json.loads(written)
    if isinstance(value, str):
        if value.strip(" ") in ("", *missing):
            return None
        raise Misfit(f"is {shown(value)}, which is text; a number belongs here", hint="Write it without quotes.")
    if isinstance(value, int | float):  # true and false too
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    raise Misfit(f"is {shown(value)}, where a number belongs", hint="Write a number.")


def _json_items(written: str, separator: str) -> list[str | None]:
    value = json.loads(written)
    if isinstance(value, str):
        return list(value.split(separator))
    if isinstance(value, list):
        return [_text_of(item) for item in value]
    raise Misfit(f"is {shown(value)}, where a list of texts belongs", hint="Write a list.")
