"""DSelect-k, a gate that chooses at most k experts, by a function that has a continuous derivative (Hazimeh et al.,
NeurIPS 2021, arXiv 2106.03760, section 3).

    q = sum_i softmax(w)_i r(z_i)        r(z)_e = prod_j S(z_j) if bit j of e is 1, else 1 - S(z_j)

q is the weight of each of E experts; i counts k selectors, each of which has a number for every bit of an expert's
number. S is the smooth step: a cubic from 0 at -gamma/2 to 1 at gamma/2, flat outside. Once all z have left that range
each selector holds one expert, and q has at most k weights above 0, which add up to 1.

Where E is no power of two some codes are no expert's. The mass that they have in r is lost to q, and 1 / (the mass that
is left) is added to the loss: it keeps a selector from ending in such a code, and is constant once it cannot.
"""

import math

import torch
from torch import Tensor, nn

from recmtl.nn.scores import Scores

EPSILON = 1e-6
"""In logarithms and under fractions: what is 0 has no gradient, and no infinite one."""


def smooth_step(value: Tensor, gamma: float) -> Tensor:
    """0 up to -gamma/2, 1 from gamma/2 on, between them -2 t^3 / gamma^3 + 3 t / (2 gamma) + 1/2."""
    u = (value / gamma + 0.5).clamp(0, 1)
    return u * u * (3 - 2 * u)


def bits(num_experts: int) -> int:
    """Of a selector, enough for a code for each expert."""
    return math.ceil(math.log2(num_experts))


def selected(step_M: Tensor, num_experts: int) -> Tensor:
    """r[..., E] of step[..., M], the last of which is for the highest bit of an expert's number."""
    mass = step_M.new_ones(*step_M.shape[:-1], 1)
    for step in step_M.unsqueeze(-1).unbind(-2):
        mass = torch.cat([mass * (1 - step), mass * step], dim=-1)
    return mass[..., :num_experts]


def dselect_k(score_BGN: Tensor, num_experts: int, k: int, gamma: float) -> tuple[Tensor, Tensor]:
    """weight_BGE of the experts, and r_BGKE of each selector.

    Args:
        score_BGN: z of all selectors, then w of each.
        num_experts: E.
        k: selectors.
        gamma: width of the smooth step.
    """
    z_BGZ, w_BGK = score_BGN.float().split([k * bits(num_experts), k], dim=-1)
    step_BGKM = smooth_step(z_BGZ, gamma).unflatten(-1, (k, bits(num_experts)))
    r_BGKE = selected(step_BGKM, num_experts)
    return (w_BGK.softmax(-1).unsqueeze(-1) * r_BGKE).sum(-2), r_BGKE


def entropy(r_BGKE: Tensor) -> Tensor:
    """entropy_BG of the selectors, their sum: 0 once each holds one expert."""
    return -(r_BGKE * (r_BGKE + EPSILON).log()).sum((-2, -1))


def lost_mass(r_BGKE: Tensor) -> Tensor:
    """penalty_BG: sum of 1 / (a selector's mass on experts); large where most is on codes that are no expert's."""
    return (1 / r_BGKE.sum(-1).clamp(min=EPSILON)).sum(-1)


class Constant(nn.Module):
    """x_BI -> score_1GN: numbers of each gate that no row changes."""

    def __init__(self, num_gates: int, num_scores: int) -> None:
        super().__init__()
        self.num_gates = num_gates
        self.bias = nn.Parameter(torch.zeros(num_gates * num_scores))

    def forward(self, x_BI: Tensor) -> Tensor:
        """The same whatever x is."""
        return self.bias.view(1, self.num_gates, -1)


def start(scores: Scores | Constant, k: int, num_experts: int, gamma: float) -> None:
    """Uniformly, as the authors do: z between -gamma/100 and gamma/100, where all experts weigh about the same; w
    between -.05 and .05.
    """
    selectors = k * bits(num_experts)
    with torch.no_grad():
        for value in scores.parameters(recurse=False):
            value_GNH = value.view(scores.num_gates, selectors + k, -1)
            value_GNH[:, :selectors].uniform_(-gamma / 100, gamma / 100)
            value_GNH[:, selectors:].uniform_(-0.05, 0.05)
