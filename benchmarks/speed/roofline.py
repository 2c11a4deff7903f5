"""How fast this machine multiplies matrices of a model's sizes: forward and both backward products of every layer at a
batch's size, each by itself, the best of some windows. One JSON line, with the rate that all of them one after the
other have, in GFLOP/s.

    python -m benchmarks.speed.roofline --model mmoe --batch 1024 --threads 2 --precision f32
"""

import argparse
import json
import time

import torch
from torch import Tensor

from benchmarks.speed.flops import PASSES, Product, products
from benchmarks.speed.measure import MODELS
from benchmarks.speed.processes import usage
from recmtl.nn.products import fast_products

WINDOWS = 5
WINDOW_SECONDS = 0.08
KINDS = {"f32": torch.float32, "bf16": torch.bfloat16}


def seconds_of(left: Tensor, right: Tensor) -> float:
    """Of one product, in the best window."""
    out = left @ right
    best = float("inf")
    for _ in range(WINDOWS):
        times, began, now = 0, time.perf_counter(), 0.0
        while now < WINDOW_SECONDS:
            torch.mm(left, right, out=out)
            times, now = times + 1, time.perf_counter() - began
        best = min(best, now / times)
    return best


def step_seconds(product: Product, batch: int, kind: torch.dtype) -> float:
    """Of a layer's three products, all times over."""
    x_BI, weight_IO, y_BO = (
        torch.randn(shape).to(kind)
        for shape in ((batch, product.inputs), (product.inputs, product.outputs), (batch, product.outputs))
    )
    passes = ((x_BI, weight_IO), (y_BO, weight_IO.T), (x_BI.T, y_BO))
    return product.times * sum(seconds_of(left, right) for left, right in passes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="mmoe")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=KINDS, default="f32")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    before = usage()
    layers = products(asked.model)
    with fast_products():  # the faster of the libraries that torch has
        seconds = [step_seconds(product, asked.batch, KINDS[asked.precision]) for product in layers]
    work = [PASSES * product.flops * asked.batch for product in layers]
    own, foreign = usage().cores_since(before)
    line = {"system": "roofline", **vars(asked), "mode": "speed", "gflops": round(sum(work) / sum(seconds) / 1e9, 1),
            "layers": [{"inputs": p.inputs, "outputs": p.outputs, "times": p.times, "gflops": round(w / s / 1e9, 1)}
                       for p, w, s in zip(layers, work, seconds, strict=True)],
            "own_cores": round(own, 2), "foreign_cores": round(foreign, 2)}  # fmt: skip
    print(json.dumps(line))


if __name__ == "__main__":
    main()
