"""Arrow's numbers as numpy's. Arrow's own `to_numpy` and `fill_null` import pandas, which takes as long as reading a
million rows.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray


def plain_values(column: pa.ChunkedArray | pa.Array, kind: DTypeLike, null: float) -> NDArray[np.generic]:
    """A copy of the column, of integers or floats, as `kind`; `null` where it has no value."""
    values = np.empty(len(column), kind)
    done = 0
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        some = values[done : done + len(chunk)]
        # the numbers alone: numpy takes no array that also says which of them are none
        numbers = pa.Array.from_buffers(chunk.type, len(chunk), [None, chunk.buffers()[1]], 0, chunk.offset)
        some[:] = np.from_dlpack(numbers)
        if chunk.null_count:
            some[np.from_dlpack(chunk.is_null().cast(pa.uint8())).view(bool)] = null
        done += len(chunk)
    return values
