"""The models by the names and parameters that DeepCTR's users know: the same script, with another import.

Feature columns, model functions, and compile, fit, predict and evaluate as Keras has them, on the estimator's code.
"""

from recmtl.deepctr.columns import DenseFeat, SparseFeat, VarLenSparseFeat, get_feature_names
from recmtl.deepctr.functions import ESMM, ESSM, MMOE, PLE, PLE_CGC, Shared_Bottom
from recmtl.deepctr.network import Network

__all__ = [
    "ESMM",
    "ESSM",
    "MMOE",
    "PLE",
    "PLE_CGC",
    "DenseFeat",
    "Network",
    "Shared_Bottom",
    "SparseFeat",
    "VarLenSparseFeat",
    "get_feature_names",
]
