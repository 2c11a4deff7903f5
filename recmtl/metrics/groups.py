"""Any array of group keys (users, domains, dates) as integer codes."""

import numpy as np
from numpy.typing import NDArray

from recmtl.metrics.arrays import Array
from recmtl.metrics.ties import MAX_GROUP


def group_codes(group: Array) -> tuple[NDArray[np.int64], Array | None]:
    """Code the keys [N] as integers in [0, 2**31), -1 where there is no key (None, NaN).

    Returns the codes and the key of each code; None instead of the keys says that the keys are their own codes, as
    non-negative integers below 2**31 are: encoded ids need no hashing.
    """
    group = np.asarray(group)
    if group.dtype.kind in "iu" and (not len(group) or (group.min() >= 0 and group.max() < MAX_GROUP)):
        return group.astype(np.int64, copy=False), None
    import pandas as pd  # here, because encoded ids do not need it

    codes, keys = pd.factorize(group)
    return codes.astype(np.int64, copy=False), np.asarray(keys)
