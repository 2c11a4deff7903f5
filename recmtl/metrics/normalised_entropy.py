"""Normalised entropy (He et al., ADKDD 2014, "Practical Lessons from Predicting Clicks on Ads at Facebook",
doi 10.1145/2648584.2648589).

    NE = log loss / -(p log p + (1 - p) log(1 - p))      p the share of positives among the same rows

Below 1 is better than always predicting the base rate; unlike log loss it can be compared between base rates.
"""

import math

import numpy as np

from recmtl.metrics.arrays import Array
from recmtl.metrics.log_loss import log_loss
from recmtl.metrics.undefined import Undefined, count_rows


def normalised_entropy(label: Array, prediction: Array) -> float:
    """Log loss over the entropy of the base rate.

    Raises Undefined unless both classes are there, ValueError for bad arrays or predictions outside [0, 1].
    """
    return over_base_rate(log_loss(label, prediction), label)


def over_base_rate(loss: float, label: Array) -> float:
    """A log loss on rows with these 0/1 labels over the entropy of their base rate. Raises Undefined as above."""
    rows, positives = len(label), int(np.count_nonzero(label))
    if positives in (0, rows):
        raise Undefined(f"only one class among {count_rows(rows)}")
    rate = positives / rows
    return loss / -(rate * math.log(rate) + (1 - rate) * math.log1p(-rate))
