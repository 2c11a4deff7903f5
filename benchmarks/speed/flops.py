"""The products of each model's linear layers, and their floating point operations.

A linear layer of k inputs and n outputs takes 2 k n operations a row. Training takes three times the forward pass: a
layer's backward pass has two products of the same size, for its input and for its weights. Biases, activations, the
softmax of gates, mixtures, embeddings and optimisers are left out. Counted for the models as defined in arrays.py, with
the numbers as plain values, whatever a library makes of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.speed.arrays import EMBEDDING, EXPERT, EXPERTS, SHARED, SPECIFIC, TOWER
from benchmarks.speed.generator import COLUMNS, NUMBERS, TASKS

INPUT = (COLUMNS + 1) * EMBEDDING + NUMBERS
PASSES = 3
"""Of training: forward, and backward for inputs and for weights."""


@dataclass(frozen=True)
class Product:
    """[rows, inputs] x [inputs, outputs], so many times."""

    times: int
    inputs: int
    outputs: int

    @property
    def flops(self) -> int:
        """A row."""
        return 2 * self.times * self.inputs * self.outputs


def products(model: str) -> list[Product]:
    """A forward pass; networks that read the same input have their first layers side by side."""
    tasks = len(TASKS)
    towers = [Product(tasks, a, b) for a, b in pairwise([EXPERT[-1], *TOWER, 1])]
    match model:
        case "mmoe":
            return [*_networks(EXPERTS, EXPERT), Product(1, INPUT, tasks * EXPERTS), *towers]
        case "ple":
            gates = Product(tasks, INPUT, SPECIFIC + SHARED)
            return [*_networks(tasks * SPECIFIC + SHARED, EXPERT), gates, *towers]
        case "shared_bottom":
            return [*_networks(1, EXPERT), *towers]
        case "esmm":
            return [*_networks(tasks, EXPERT), Product(tasks, EXPERT[-1], 1)]
    raise ValueError(model)


def flops_per_row(model: str) -> int:
    """Of one training step; a prediction takes a third."""
    return PASSES * sum(product.flops for product in products(model))


def _networks(count: int, widths: Sequence[int]) -> list[Product]:
    later = [Product(count, a, b) for a, b in pairwise(widths)]
    return [Product(1, INPUT, count * widths[0]), *later]
