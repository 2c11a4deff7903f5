"""The columns of X by role, and their values as a split's raw columns."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.utils.validation import check_array

from recmtl.config import Config
from recmtl.data.loading import MAX_NUMBER
from recmtl.estimator.errors import RefusedData
from recmtl.estimator.texts import floats, is_list, is_missing, lists_of_texts, texts
from recmtl.schema import MAX_NAME

Kind = Literal["categorical", "number", "sequence"]

WEIGHT = "sample_weight"
"""The raw column of the weights."""
TAKEN = ("row", "part", WEIGHT)
"""Names that the raw rows have already."""
_FORBIDDEN = re.compile(r"[:/\\=\x00-\x1f\x7f-\x9f]")


class Column(Config):
    """A column of X."""

    name: str
    """As the user calls it."""
    raw: str
    """As the split does: the same, unless no split can have it."""
    kind: Kind


def checked(X: Any, least_rows: int) -> Any:
    """X as a frame, or as a 2-D array of numbers, text or objects.

    Raises:
        ValueError: it is neither, or too small, or a column stands twice.
        TypeError: it is sparse.
    """
    X = X.to_pandas() if hasattr(X, "to_pandas") else X  # a table of Arrow or a frame of polars
    if not isinstance(X, pd.DataFrame):
        return check_array(X, dtype=None, ensure_all_finite=False, ensure_min_samples=least_rows)
    for what, there, least in (("sample", len(X), least_rows), ("feature", X.shape[1], 1)):
        if there < least:
            raise RefusedData(f"found {there} {what}(s) (shape={X.shape}) while a minimum of {least} is required.")
    if not X.columns.is_unique:
        raise RefusedData(f"X has two columns called {X.columns[X.columns.duplicated()][0]!r}.")
    return X


def named(X: Any) -> pd.DataFrame:
    """The same as a frame with names of text: those of an array, or of a frame without such names, are x0, x1, ..."""
    if not isinstance(X, pd.DataFrame):
        X = pd.DataFrame(X)
        X = X.infer_objects() if X.dtypes.eq(object).any() else X
    if not all(isinstance(name, str) for name in X.columns):
        X = X.set_axis([f"x{place}" for place in range(X.shape[1])], axis=1)
    return X


def find_columns(X: pd.DataFrame, categorical: Collection[str], taken: Iterable[str]) -> tuple[Column, ...]:
    """The columns of a named frame.

    Args:
        X: to fit.
        categorical: columns that are categories, whatever their type is.
        taken: the tasks' names.

    Raises:
        RefusedData: a column's type is none that can be used.
    """
    raws = _raw_names(list(X.columns), {*TAKEN, *map(str.lower, taken)})
    return tuple(
        Column(name=name, raw=raw, kind=_kind(X[name], name in categorical, name))
        for name, raw in zip(X.columns, raws, strict=True)
    )


def raw_columns(X: pd.DataFrame, columns: Sequence[Column]) -> dict[str, pa.Array]:
    """The raw columns of a named frame: text, double, lists of text; null where missing.

    Raises:
        RefusedData: a value does not fit its column's kind.
    """
    return {column.raw: _raw_column(X[column.name], column) for column in columns}


def _raw_column(values: pd.Series, column: Column) -> pa.Array:
    if column.kind == "categorical":
        return texts(values, column.name)
    if column.kind == "sequence":
        return lists_of_texts(values, column.name)
    found = floats(values, repr(column.name))
    too_large = np.abs(found) > MAX_NUMBER
    if too_large.any():
        row = int(too_large.argmax())
        raise RefusedData(
            f"X, row {row}: {column.name!r} is {found[row]:g}; it must be between {-MAX_NUMBER:.1e} and "
            f"{MAX_NUMBER:.1e}.",
            hint="NaN says that a value is missing.",
        )
    return pa.array(found, from_pandas=True)


def _kind(values: pd.Series, declared: bool, name: str) -> Kind:
    dtype, types = values.dtype, pd.api.types
    arrow = getattr(dtype, "pyarrow_dtype", None)
    first = next((value for value in values if not is_missing(value)), None) if types.is_object_dtype(dtype) else None
    if is_list(first) or (arrow is not None and (pa.types.is_list(arrow) or pa.types.is_large_list(arrow))):
        return "sequence"
    texty = isinstance(dtype, pd.CategoricalDtype) or types.is_object_dtype(dtype) or types.is_string_dtype(dtype)
    if declared or texty or types.is_bool_dtype(dtype):
        return "categorical"
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return "number"
    raise RefusedData(
        f"X: the column {name!r} is of type {dtype}, which is no feature.",
        hint="Turn it into numbers or text, or leave it out.",
    )


def _raw_names(names: Sequence[str], taken: set[str]) -> list[str]:
    """Names that a split can have, each its own: its features' names are parts of file names and of column names, and
    SQL does not tell capitals apart.
    """
    raws = []
    for name in names:
        safe = re.sub(r"^[\s.]+", "", _FORBIDDEN.sub("_", name))[: MAX_NAME - 8] or "_"
        raw, count = safe, 1
        while raw.lower() in taken:
            count += 1
            raw = f"{safe}_{count}"
        taken.add(raw.lower())
        raws.append(raw)
    return raws
