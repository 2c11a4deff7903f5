"""The scorecard: every metric for each task on each domain, and its means over the domains.

A cell is a plain dict that json.dumps takes as it is. Its keys, in this order:

    binary      task domain rows positives  auc [gauc] pr_auc log_loss normalised_entropy calibration  undefined
    regression  task domain rows            mse mae r2                                                 undefined

`rows` counts the observed labels, `gauc` is there only when users are given, `undefined` says why a metric is None. A
cell carries the metrics of its task's kind and no others.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recmtl.metrics.arrays import Array, binary, naming
from recmtl.metrics.auc import auc_of
from recmtl.metrics.calibration import calibration
from recmtl.metrics.gauc import gauc
from recmtl.metrics.groups import group_codes
from recmtl.metrics.log_loss import log_loss
from recmtl.metrics.normalised_entropy import over_base_rate
from recmtl.metrics.pr_auc import pr_auc_of
from recmtl.metrics.predictions import TaskPredictions
from recmtl.metrics.regression import mae, mse, r2
from recmtl.metrics.ties import ties
from recmtl.metrics.undefined import Undefined

ALL = "all"
"""The domain name of the cells over all domains."""

Cell = dict[str, Any]
Metric = Callable[[Array, Array], float]

_REGRESSION: dict[str, Metric] = {"mse": mse, "mae": mae, "r2": r2}
_NOT_METRICS = {"task", "domain", "rows", "positives", "undefined"}


def cells(
    predictions: Sequence[TaskPredictions], domain: Array, domains: Sequence[str], user: Array | None = None
) -> list[Cell]:
    """Score each task on each domain, in the order given, and then over all domains together (domain "all").

    domain: [N] positions in `domains`. user: [N] any ids; over "all" a user's rows of all domains are ranked together.
    Raises ValueError, naming task and domain, for bad arrays, and for doubled names or a domain called "all".
    """
    _check_names(predictions, domains)
    _check_domain(predictions, domain, domains)
    # one stable sort makes every domain a slice; a radix sort, because the codes are narrow
    order = np.argsort(domain.astype(np.min_scalar_type(len(domains))), kind="stable")
    edge = np.searchsorted(domain[order], np.arange(len(domains) + 1))
    parts = [(name, slice(edge[i], edge[i + 1])) for i, name in enumerate(domains)] + [(ALL, slice(None))]
    users = None if user is None else _user_codes(user, len(order))[order]
    result = []
    for task in predictions:
        label, prediction = task.label[order], task.prediction[order]
        for name, part in parts:
            piece = TaskPredictions(task.task, task.kind, label[part], prediction[part])
            result.append(_cell(piece, name, None if users is None else users[part]))
    return result


def summary(cells: Iterable[Cell]) -> list[Cell]:
    """Average each task's metrics over its domains (not the "all" cell), twice: plain and weighted by rows.

    Gives {"task", "mean": "macro" or "rows", "domains", the metrics..., "counted"}: a domain where a metric is
    undefined is left out of that metric's mean, `counted` says for each metric how many domains were in it (of
    `domains`), and the mean of none is None.
    """
    tasks: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell["domain"] != ALL:
            tasks.setdefault(cell["task"], []).append(cell)
    return [_mean(task, mean, own) for task, own in tasks.items() for mean in ("macro", "rows")]


def _check_names(predictions: Sequence[TaskPredictions], domains: Sequence[str]) -> None:
    if ALL in domains:
        raise ValueError(f"domain {domains.index(ALL)} has the name of the cells over all domains, {ALL!r}: rename it")
    for what, names in (("domain", list(domains)), ("task", [task.task for task in predictions])):
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{what} {doubled[0]!r} is given more than once")


def _check_domain(predictions: Sequence[TaskPredictions], domain: Array, domains: Sequence[str]) -> None:
    if domain.ndim != 1 or domain.dtype.kind not in "iu":
        raise ValueError(f"domain must be a 1-D array of integer codes, not {domain.shape} of {domain.dtype}")
    if (wrong := (domain < 0) | (domain >= len(domains))).any():
        row = int(wrong.argmax())
        raise ValueError(f"domain must be a position among {len(domains)} domains, but is {domain[row]} in row {row}")
    for task in predictions:
        if len(task.label) != len(domain):
            raise ValueError(f"task {task.task!r} has {len(task.label)} rows, but domain has {len(domain)}")


def _user_codes(user: Array, rows: int) -> NDArray[np.int64]:
    codes, _ = group_codes(user)  # once, not in every cell
    if codes.shape != (rows,):
        raise ValueError(f"user must be 1-D and as long as domain, not {codes.shape} beside {rows} rows")
    # a row without a user becomes a user of its own: one row never has both classes, so gauc leaves it out
    nobody = codes < 0
    return np.where(nobody, codes.max(initial=-1) + np.cumsum(nobody), codes)


def _cell(task: TaskPredictions, domain: str, user: Array | None) -> Cell:
    label, prediction, observed = task.label, task.prediction, task.observed
    if not observed.all():
        label, prediction, user = label[observed], prediction[observed], None if user is None else user[observed]
    cell: Cell = {"task": task.task, "domain": domain, "rows": len(label)}
    if task.kind == "binary":
        cell["positives"] = int(np.count_nonzero(label))
        metrics = _binary_metrics(label, prediction, user)
    else:
        metrics = {name: partial(metric, label, prediction) for name, metric in _REGRESSION.items()}
    undefined = {}
    for name, metric in metrics.items():
        try:
            with naming(f"observed rows of task {task.task!r}, domain {domain!r}"):
                cell[name] = metric()
        except Undefined as error:
            cell[name], undefined[name] = None, error.reason
    return cell | {"undefined": undefined}


def _binary_metrics(label: Array, prediction: Array, user: Array | None) -> dict[str, Callable[[], float]]:
    """What two of them need is computed once."""
    blocks = cache(lambda: ties(*binary(label, prediction)))
    loss = cache(lambda: log_loss(label, prediction))
    by_user: dict[str, Callable[[], float]] = {} if user is None else {"gauc": lambda: gauc(label, prediction, user)}
    return {
        "auc": lambda: auc_of(blocks()),
        **by_user,
        "pr_auc": lambda: pr_auc_of(blocks()),
        "log_loss": loss,
        "normalised_entropy": lambda: over_base_rate(loss(), label),
        "calibration": lambda: calibration(label, prediction),
    }


def _mean(task: str, mean: str, own: Sequence[Cell]) -> Cell:
    result: Cell = {"task": task, "mean": mean, "domains": len(own)}
    counted = {}
    for metric in [key for key in own[0] if key not in _NOT_METRICS]:
        defined = [cell for cell in own if cell[metric] is not None]
        weights = [cell["rows"] if mean == "rows" else 1 for cell in defined]
        values = [cell[metric] for cell in defined]
        result[metric] = float(np.average(values, weights=weights)) if defined else None
        counted[metric] = len(defined)
    return result | {"counted": counted}
