"""Calibration ratio (He et al., ADKDD 2014, doi 10.1145/2648584.2648589): expected positives / observed positives.

    calibration = sum(p) / sum(y)

1 is perfect; above 1 the model promises too much.
"""

import numpy as np

from recmtl.metrics.arrays import Array, probabilities
from recmtl.metrics.undefined import Undefined, count_rows


def calibration(label: Array, prediction: Array) -> float:
    """Sum of the predictions over the number of positives.

    Raises Undefined without positives, ValueError for bad arrays or predictions outside [0, 1].
    """
    positive, probability = probabilities(label, prediction)
    positives = np.count_nonzero(positive)
    if not positives:
        raise Undefined(f"no positives among {count_rows(len(positive))}")
    return float(probability.sum() / positives)
