"""The choices within layers, each beside what it was chosen over; forward and backward, milliseconds, the best fifth of
many.

    OMP_NUM_THREADS=1 python -m benchmarks.speed.layers
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from recmtl.nn.mixture import mix
from recmtl.nn.products import fast_products
from recmtl.training.row_gradients import summed_by_row

ROWS, EXPERTS, INPUT, WIDE, NARROW = 1024, 4, 445, 256, 128
REPEATS = 100


def milliseconds(work: Callable[[], object]) -> float:
    """Of one call."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return float(np.quantile(times[10:], 0.2) * 1000)


def mixtures(tasks: int) -> None:
    """By a batched product, and by multiplying and summing."""
    gate_BTE = torch.rand(ROWS, tasks, EXPERTS, requires_grad=True)
    expert_BEH = torch.rand(EXPERTS, ROWS, 64, requires_grad=True)
    direction = torch.rand(ROWS, tasks, 64)

    def summed() -> None:
        mixed = (gate_BTE.unsqueeze(-1) * expert_BEH.transpose(0, 1).unsqueeze(1)).sum(2)
        mixed.backward(direction)

    ways = {"batched product": lambda: torch.bmm(gate_BTE, expert_BEH.transpose(0, 1)).backward(direction),
            "multiply and sum": summed,
            "as chosen": lambda: mix(gate_BTE, expert_BEH.transpose(0, 1)).backward(direction)}  # fmt: skip
    print(f"mixtures, {tasks} tasks:", ", ".join(f"{name} {milliseconds(way):.2f}" for name, way in ways.items()))


def expert_gradients(kind: torch.dtype) -> None:
    """The gradient of the second layer's weights, rows of experts in blocks or interleaved."""
    interleaved = torch.rand(ROWS, EXPERTS, WIDE).to(kind).transpose(0, 1)
    blocks, gradient = interleaved.contiguous(), torch.rand(EXPERTS, ROWS, NARROW).to(kind)
    found = [milliseconds(lambda x=x: torch.bmm(x.transpose(1, 2), gradient)) for x in (blocks, interleaved)]
    print(f"gradient of experts' weights, {kind}: in blocks {found[0]:.2f}, interleaved {found[1]:.2f}")


def shared_input() -> None:
    """The gradient of an input that several networks read: one product side by side, or batched and summed."""
    gradient, weight = torch.rand(ROWS, EXPERTS * WIDE), torch.rand(EXPERTS * WIDE, INPUT)
    each, weights = torch.rand(EXPERTS, ROWS, WIDE), torch.rand(EXPERTS, WIDE, INPUT)
    side, batched = milliseconds(lambda: gradient @ weight), milliseconds(lambda: torch.bmm(each, weights).sum(0))
    print(f"gradient of a shared input: side by side {side:.2f}, batched {batched:.2f}")


def row_gradients() -> None:
    """Zipf rows of a batch."""
    chance = np.random.default_rng(0)
    rows = torch.from_numpy(np.minimum(chance.zipf(1.2, 27 * ROWS), 1_500_000) - 1).unsqueeze(0)
    values = torch.rand(27 * ROWS, 16)

    def gradient() -> torch.Tensor:
        return torch.sparse_coo_tensor(rows, values, (1_500_000, 16), check_invariants=False)

    ours, theirs = milliseconds(lambda: summed_by_row(gradient())), milliseconds(lambda: gradient().coalesce())
    print(f"rows' gradients summed: {ours:.2f}, by torch's coalesce {theirs:.2f}")


def main() -> None:
    with fast_products():
        for tasks in (1, 2, 4):
            mixtures(tasks)
        for kind in (torch.float32, torch.bfloat16):
            expert_gradients(kind)
        shared_input()
        row_gradients()


if __name__ == "__main__":
    main()
