"""Arithmetic that every generator of sample data shares: chances, draws, and how well the truth itself would score.

All draws come from numpy's RandomState: its streams are frozen, so that every version of numpy draws the same data.
"""

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import r2_score, roc_auc_score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def sigmoid(logit: Floats) -> Floats:
    """Return the probability of a logit."""
    return np.asarray(1.0 / (1.0 + np.exp(-logit)), np.float64)


def normal(chance: RandomState, scale: float, *shape: int) -> Floats:
    """Draw effects around zero with the given standard deviation."""
    return np.asarray(chance.normal(0.0, scale, shape), np.float64)


def pick(chance: RandomState, size: int, weights: ArrayLike) -> Ints:
    """Draw `size` positions, each as often as its weight says."""
    cumulated = np.cumsum(np.asarray(weights, np.float64))
    return np.searchsorted(cumulated / cumulated[-1], chance.random_sample(size), side="right").astype(np.int64)


def choose(chance: RandomState, affinity: Floats, wanted: Ints) -> Ints:
    """Draw each person's items without replacement, in proportion to exp(affinity).

    Args:
        chance: where the draws come from.
        affinity: people x items.
        wanted: how many items each person takes.

    Returns:
        people x items, 1 where chosen.
    """
    # the highest of affinity plus Gumbel noise are such a draw
    keys = affinity - np.log(-np.log(chance.random_sample(affinity.shape)))
    rank = np.argsort(np.argsort(-keys, axis=1), axis=1)
    return (rank < wanted[:, None]).astype(np.int64)


def best_auc(label: ArrayLike, probability: ArrayLike) -> float:
    """Return the AUC that the planted probabilities reach on the drawn labels: nothing can reliably do better."""
    return round(float(roc_auc_score(label, probability)), 4)


def best_r2(value: ArrayLike, expected: ArrayLike) -> float:
    """Return the share of the values' variance that the planted expectations explain."""
    return round(float(r2_score(value, expected)), 4)


def chosen_auc(chosen: ArrayLike, affinity: ArrayLike) -> float:
    """Return the mean AUC, over people, of the planted affinity: their chosen items against those they left.

    Args:
        chosen: people x items, 1 where chosen; whoever chose all or nothing counts for nothing.
        affinity: people x items.
    """
    pairs = zip(np.asarray(chosen), np.asarray(affinity), strict=True)
    return round(float(np.mean([roc_auc_score(row, score) for row, score in pairs if 0 < row.sum() < len(row)])), 4)
