"""Arithmetic that every generator of sample data shares: chances, draws, and how well the truth itself would score."""

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


def best_auc(label: ArrayLike, probability: ArrayLike) -> float:
    """Return the AUC that the planted probabilities reach on the drawn labels: nothing can reliably do better."""
    return round(float(roc_auc_score(label, probability)), 4)


def best_r2(value: ArrayLike, expected: ArrayLike) -> float:
    """Return the share of the values' variance that the planted expectations explain."""
    return round(float(r2_score(value, expected)), 4)
