"""A chain of events, each of which can happen only after the one before it: a click, then a purchase."""

import torch
from torch import Tensor


def chain_logits(own_BT: Tensor) -> list[Tensor]:
    """For each place t the logit [B] of sigmoid(own_0) * ... * sigmoid(own_t).

    The odds against an event are e^-logit. Where those against two events are u and v, those against both are
    (1 + u)(1 + v) - 1 = u + v + uv: a sum of positive numbers, in which nothing cancels, taken in logarithms, in which
    nothing overflows.

    Args:
        own_BT: logit of each event, given all before it.
    """
    first_B, *others = own_BT.unbind(1)
    logits = [first_B]
    for own_B in others:
        one_B, other_B = -logits[-1], -own_B
        logits.append(-torch.logaddexp(torch.logaddexp(one_B, other_B), one_B + other_B))
    return logits
