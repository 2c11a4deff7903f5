"""Group AUC: how well each user's own rows are ranked (Zhu et al., KDD 2017, "Optimized Cost per Click in Taobao
Display Advertising", doi 10.1145/3097983.3098134).

    GAUC = sum_u rows_u * AUC_u / sum_u rows_u      over the users u with both classes; rows_u counts u's impressions
"""

import numpy as np

from recmtl.metrics.arrays import Array
from recmtl.metrics.auc import auc_by_group
from recmtl.metrics.undefined import Undefined


def gauc(label: Array, prediction: Array, user: Array) -> float:
    """Mean AUC of the users with both classes, weighted by their rows.

    user: [N] integers, strings or objects; rows without one (None, NaN) are left out.
    Raises Undefined if no user has both classes, ValueError for bad arrays.
    """
    users = auc_by_group(label, prediction, user)
    defined = ~np.isnan(users.auc)
    if not defined.any():
        raise Undefined("no user has both classes")
    return float(np.average(users.auc[defined], weights=users.rows[defined]))
