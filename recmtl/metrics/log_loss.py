"""Log loss: mean binary cross-entropy in nats.

    log loss = -mean(y log p + (1 - y) log(1 - p))

It depends on the base rate: compare models on the same rows only (see normalised_entropy).
"""

import numpy as np

from recmtl.metrics.arrays import Array, probabilities

EPSILON = 1e-15
"""Predictions are clipped to [EPSILON, 1 - EPSILON] in float64: a sure but wrong row costs 34.5 nats, not infinity."""


def log_loss(label: Array, prediction: Array) -> float:
    """Mean binary cross-entropy; one class alone is fine.

    Raises Undefined without rows, ValueError for bad arrays or predictions outside [0, 1].
    """
    positive, probability = probabilities(label, prediction)
    of_what_happened = np.where(positive, probability, 1 - probability)
    return float(-np.log(np.clip(of_what_happened, EPSILON, 1 - EPSILON)).mean())
