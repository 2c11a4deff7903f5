"""Categories as text: the same value gives the same text, whatever type of column holds it today."""

import numbers
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from recmtl.estimator.errors import RefusedData

_LISTS = (list, tuple, np.ndarray)


def is_missing(value: object) -> bool:
    """None, NaN, and pandas' own NA and NaT."""
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float | np.floating) and bool(value != value))
    )


def is_list(value: object) -> bool:
    """Whether a value is one of a sequence feature."""
    return isinstance(value, _LISTS)


def texts(values: pd.Series, name: str) -> pa.Array:
    """A column of categories as text, null where missing.

    3 and 3.0 are one category: a column of integers becomes one of floats as soon as one of them is missing.

    Raises:
        RefusedData: a value is neither text nor a number.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        kinds = texts(pd.Series(values.cat.categories), name)
        codes = values.cat.codes.to_numpy()
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32(), mask=codes < 0), kinds).cast(pa.string())
    with _unicode(name):
        if pd.api.types.infer_dtype(values, skipna=True) == "string":  # most often, and many times faster
            found = pa.array(values, pa.string(), from_pandas=True)
            return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return _texts_of_objects(values, name)
    codes, kinds = pd.factorize(values)  # numbers repeat, and each becomes text once
    mask = codes < 0
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, pa.int64(), mask=mask), _texts_of_objects(pd.Series(kinds), name)
    ).cast(pa.string())


def lists_of_texts(values: pd.Series, name: str) -> pa.Array:
    """A column of lists as lists of text; null where missing.

    Raises:
        RefusedData: a value is no list, or holds something that is neither text nor a number.
    """
    lists = [_as_list(value, name, row) for row, value in enumerate(values)]
    items = pd.Series(list(chain.from_iterable(value for value in lists if value is not None)))
    with _unicode(name):
        if pd.api.types.infer_dtype(items, skipna=True) in ("string", "integer"):  # most often, and many times faster
            found = texts(items, name)
        else:
            rows = ((row, value) for row, value in enumerate(lists) if value is not None)
            found = pa.array([_text(item, name, row) for row, value in rows for item in value], pa.string())
    offsets = np.cumsum([0, *(0 if value is None else len(value) for value in lists)])
    missing = pa.array([value is None for value in lists], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), found, mask=missing)


def floats(values: pd.Series, name: str) -> NDArray[np.float64]:
    """A column of numbers, NaN where missing; -0.0 is 0.0, as in SQL.

    Raises:
        RefusedData: a value is not a number.
    """
    if not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)):
        _refuse_others(values, name)
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), np.float64) + 0.0


def _refuse_others(values: Iterable[object], name: str) -> None:
    for row, value in enumerate(values):
        if not is_missing(value) and not isinstance(value, numbers.Real | Decimal | np.bool_):
            shown = repr(value)[:100]
            raise RefusedData(f"row {row}: {name} is {shown}, which is not a number.")


def _texts_of_objects(values: pd.Series, name: str) -> pa.Array:
    found = [_text(value, name, row) for row, value in enumerate(values)]
    with _unicode(name):
        return pa.array(found, pa.string())


def _as_list(value: Any, name: str, row: int) -> Collection[object] | None:
    if is_list(value):
        return value
    if is_missing(value):
        return None
    raise RefusedData(f"X, row {row}: {name!r} is a {type(value).__name__}; it must be a list.")


def _text(value: object, name: str, row: int) -> str | None:
    if is_missing(value):
        return None
    if isinstance(value, np.generic) and value.dtype.kind in "biufU":
        value = value.item()
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool | int | float):
        return str(value)
    raise RefusedData(
        f"X, row {row}: {name!r} is a {type(value).__name__}; a category must be a string or a number.",
        hint="Turn the column into one of these, or leave it out.",
    )


@contextmanager
def _unicode(name: str) -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError as error:
        raise RefusedData(f"X: {name!r} holds half a character (a lone surrogate), which is no text.") from error
