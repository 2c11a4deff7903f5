"""Second order of a factorisation machine (Rendle, ICDM 2010), in linear time."""

from torch import Tensor


def bi_interaction(fields_BFD: Tensor) -> Tensor:
    """pooled_BD = sum over i < j of v_i * v_j, value by value; its sum over D is the machine's term."""
    return (fields_BFD.sum(1).square() - fields_BFD.square().sum(1)) / 2
