"""X and y as Keras takes them, as the frames that the estimator takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recmtl.config import nearest
from recmtl.deepctr.columns import DenseFeat, FeatureColumn, SparseFeat, VarLenSparseFeat, get_feature_names
from recmtl.estimator.errors import RefusedData


def as_frame(columns: Sequence[FeatureColumn], X: Any) -> pd.DataFrame:
    """The features: ids as whole numbers or what is hashed, numbers, lists of ids without what fills them up.

    Args:
        columns: checked.
        X: name -> array, as a mapping or a frame; or the arrays in the order of `get_feature_names`.

    Raises:
        RefusedData: an input is missing, of another shape or length, or holds an id that is none.
    """
    inputs = _inputs(columns, X)
    rows = {name: len(values) for name, values in inputs.items()}
    first = next(iter(rows))
    for name, count in rows.items():
        if count != rows[first]:
            raise RefusedData(f"X[{name!r}] has {count} rows, and X[{first!r}] has {rows[first]}.")
    found: dict[str, Any] = {}
    for column in columns:
        if isinstance(column, DenseFeat):
            values = _numbers(column.name, _shaped(column.name, inputs[column.name], column.dimension))
            found |= {name: values[:, place] for place, name in enumerate(column.columns)}
        elif isinstance(column, SparseFeat):
            ids = _shaped(column.name, inputs[column.name], 1)[:, 0]
            found[column.name] = ids if column.use_hash else _ids(column, ids)
        else:
            found[column.name] = _lists(column, inputs)
    return pd.DataFrame(found)


def as_labels(tasks: Sequence[str], y: Any) -> pd.DataFrame:
    """One column a task.

    Args:
        tasks: their names.
        y: an array for each task in order, a mapping or frame by name, or an array [n, tasks].

    Raises:
        RefusedData: there are other tasks, or not one label for each row.
    """
    if isinstance(y, Mapping | pd.DataFrame):
        if unknown := [name for name in y if name not in tasks]:
            raise RefusedData(f"y names {unknown[0]!r}, which is no task{nearest(unknown[0], tasks)}.")
        if missing := [name for name in tasks if name not in y]:
            raise RefusedData(f"y has no labels of the task {missing[0]!r}.")
        y = [y[name] for name in tasks]
    elif isinstance(y, np.ndarray):
        if y.ndim != 2:
            raise RefusedData(f"y is an array of shape {y.shape}; it must be [rows, tasks], or a list of arrays.")
        y = list(y.T)
    if not isinstance(y, list | tuple) or len(y) != len(tasks):
        what = f"{len(y)} arrays" if isinstance(y, list | tuple) else f"a {type(y).__name__}"
        raise RefusedData(f"y is {what}; it must be one array for each of the tasks {', '.join(tasks)}.")
    arrays = [_shaped(name, values, 1, "y")[:, 0] for name, values in zip(tasks, y, strict=True)]
    if len({len(array) for array in arrays}) > 1:
        counts = ", ".join(f"{name} {len(array)}" for name, array in zip(tasks, arrays, strict=True))
        raise RefusedData(f"the tasks have different numbers of labels: {counts}.")
    return pd.DataFrame(dict(zip(tasks, arrays, strict=True)))


def _inputs(columns: Sequence[FeatureColumn], X: Any) -> dict[str, NDArray[Any]]:
    names = get_feature_names(columns)
    if isinstance(X, list | tuple):
        if len(X) != len(names):
            raise RefusedData(f"X is a list of {len(X)} arrays; there are {len(names)} inputs: {', '.join(names)}.")
        X = dict(zip(names, X, strict=True))
    if not isinstance(X, Mapping | pd.DataFrame):
        raise RefusedData(f"X is a {type(X).__name__}; it must be a dict of arrays by the feature columns' names.")
    for name in names:
        if name not in X:
            raise RefusedData(f"X has no input {name!r}{nearest(name, map(str, X))}.")
    return {name: _array(name, X[name], "X") for name in names}


def _array(name: str, values: Any, of: str) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise RefusedData(f"{of}[{name!r}] is no array: its rows have different lengths.") from error
    if not array.ndim:
        raise RefusedData(f"{of}[{name!r}] is {values!r}; it must be an array with one entry for each row.")
    return array


def _shaped(name: str, values: Any, width: int, of: str = "X") -> NDArray[Any]:
    """[n, width]; where the width is 1, [n] may be given."""
    array = _array(name, values, of)
    if array.ndim == 1 and width == 1:
        return array[:, None]
    if array.ndim != 2 or array.shape[1] != width:
        wanted = f"[rows, {width}]" if width > 1 else "[rows] or [rows, 1]"
        raise RefusedData(f"{of}[{name!r}] is of shape {array.shape}; it must be {wanted}.")
    return array


def _numbers(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise RefusedData(f"X[{name!r}] is of the type {values.dtype}; a DenseFeat holds numbers.") from error


def _ids(column: SparseFeat, ids: NDArray[Any]) -> NDArray[np.int64]:
    """The same, all of them below the vocabulary's size."""
    if ids.dtype.kind not in "iufb":
        raise RefusedData(
            f"X[{column.name!r}] is of the type {ids.dtype}; its ids must be whole numbers.",
            hint="Number its values, or let them be hashed with use_hash=True.",
        )
    wrong = ~((ids >= 0) & (ids < column.vocabulary_size)) | (ids % 1 != 0 if ids.dtype.kind == "f" else False)
    if wrong.any():
        row = np.unravel_index(int(wrong.argmax()), wrong.shape)
        raise RefusedData(
            f"X[{column.name!r}], row {row[0]}: the id is {ids[row]}; with vocabulary_size={column.vocabulary_size} it "
            f"must be a whole number from 0 to {column.vocabulary_size - 1}."
        )
    return ids.astype(np.int64)


def _lists(column: VarLenSparseFeat, inputs: Mapping[str, NDArray[Any]]) -> pd.Series:
    """A list of each row's ids."""
    padded = _shaped(column.name, inputs[column.name], column.maxlen)
    ids = padded if column.sparsefeat.use_hash else _ids(column.sparsefeat, padded)
    if column.length_name is None:
        counts = ids.astype(str) != "0" if ids.dtype.kind in "OUS" else ids != 0
    else:
        lengths = _shaped(column.length_name, inputs[column.length_name], 1)
        counts = np.arange(column.maxlen) < lengths
    parts = np.split(ids[counts], np.cumsum(counts.sum(1))[:-1]) if len(ids) else []
    return pd.Series(parts, dtype=object)
