"""Area under the precision-recall curve as average precision, what scikit-learn's average_precision_score computes.

    AP = sum_k (recall_k - recall_{k-1}) * precision_k      over the distinct scores k, highest first

There is no interpolation between the points: that would be too optimistic (Davis & Goadrich, ICML 2006).
"""

import numpy as np

from recmtl.metrics.arrays import Array, binary
from recmtl.metrics.ties import Ties, ties
from recmtl.metrics.undefined import Undefined, count_rows


def pr_auc(label: Array, prediction: Array) -> float:
    """Average precision; any finite scores will do. The base rate is what random scores reach; all positive gives 1.

    Raises Undefined without positives, ValueError for bad arrays.
    """
    return pr_auc_of(ties(*binary(label, prediction)))


def pr_auc_of(blocks: Ties) -> float:
    """The same of rows that are sorted already, without groups. Raises Undefined without positives."""
    positives, rows = int(blocks.positives[-1]), int(blocks.edge[-1])
    if not positives:
        raise Undefined(f"no positives among {count_rows(rows)}")
    precision = (positives - blocks.positives[:-1]) / (rows - blocks.rows)  # calling all from here up 1
    return float(np.dot(np.diff(blocks.positives), precision) / positives)
