"""A layer whose weights are generated for each row (Adaptive Parameter Generation; Yan et al., NeurIPS 2022)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recmtl.nn.mlp import MLP, linear

# B rows, G conditions, I input, O output, K rank, P over-parameterised rank, Z width of a condition


class GeneratedLinear(nn.Module):
    """y = U S(z) V x + b, with W = U S(z) V never made: V, S and U are applied one after the other.

    U and V belong to all rows, S is K x K and generated from a row's condition z. S(z) starts near the identity.

    Args:
        in_dim: width of x.
        out_dim: width of y.
        condition_dim: width of z.
        rank: K.
        inner_rank: P. U and V are learnt as products of two matrices whose inner width this is; 0: as they are.
        hidden: widths of the generator's hidden layers.
        generated_bias: whether b is generated too.
    """

    def __init__(
        self,
        in_dim: int,
        out_dim: int,
        condition_dim: int,
        rank: int,
        inner_rank: int = 0,
        hidden: Sequence[int] = (),
        generated_bias: bool = False,
    ) -> None:
        super().__init__()
        self.down, self.up = _Factored(in_dim, rank, inner_rank), _Factored(rank, out_dim, inner_rank)
        self.generator = MLP(condition_dim, hidden)
        self.core = linear(self.generator.out_dim, rank * rank)
        with torch.no_grad():
            self.core.bias.copy_(torch.eye(rank).flatten())
        self.bias = None if generated_bias else nn.Parameter(torch.zeros(out_dim))
        self.generated_bias = linear(self.generator.out_dim, out_dim) if generated_bias else None

    def forward(self, x_BI: Tensor, z_GZ: Tensor, group_B: Tensor | None = None) -> Tensor:
        """y_BO.

        Args:
            x_BI: the input.
            z_GZ: conditions.
            group_B: which of them is each row's; None: each row has one of its own, and G is B.
        """
        generated_GH = self.generator(z_GZ)
        core_BKK = _of_rows(self.core(generated_GH), group_B).unflatten(-1, (self.down.out_dim, -1))
        narrow_BK = F.linear(x_BI, self.down.weight())
        # a batched product of a matrix with one vector for each row takes longer than the sum
        narrow_BK = (core_BKK.float() * narrow_BK.float().unsqueeze(1)).sum(-1)
        y_BO = F.linear(narrow_BK, self.up.weight(), self.bias)
        if self.generated_bias is None:
            return y_BO
        return y_BO + _of_rows(self.generated_bias(generated_GH), group_B)


class _Factored(nn.Module):
    """A matrix that is learnt as a product of two, wider inside than the matrix is narrow; or as it is.

    The two are multiplied before any row is: a row costs what it costs with one matrix, in training too.
    """

    def __init__(self, in_dim: int, out_dim: int, inner: int) -> None:
        super().__init__()
        self.factors = nn.ModuleList()
        for before, after in pairwise([in_dim, inner, out_dim] if inner else [in_dim, out_dim]):
            factor = nn.Linear(before, after, bias=False)
            # by the inputs alone: Glorot's scale would shrink what passes a narrow layer
            nn.init.kaiming_normal_(factor.weight, nonlinearity="linear")
            self.factors.append(factor)
        self.out_dim = out_dim

    def weight(self) -> Tensor:
        """weight_OI, in single precision."""
        weight_OI, *others = (cast(nn.Linear, factor).weight for factor in self.factors)
        with torch.autocast(weight_OI.device.type, enabled=False):
            for after_OP in others:
                weight_OI = after_OP @ weight_OI
        return weight_OI


def _of_rows(generated_G: Tensor, group_B: Tensor | None) -> Tensor:
    return generated_G if group_B is None else generated_G.index_select(0, group_B)
