"""DeepCTR-Torch: compile and fit on arrays, as its examples do."""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from deepctr_torch.inputs import DenseFeat, SparseFeat  # type: ignore[import-not-found]
from deepctr_torch.models.multitask import ESMM, MMOE, PLE, SharedBottom  # type: ignore[import-not-found]
from torch.optim.optimizer import register_optimizer_step_post_hook

from benchmarks.speed import arrays
from benchmarks.speed.clock import Clock
from benchmarks.speed.measure import Asked, Predictions, System, main

_NO_L2 = {"l2_reg_linear": 0, "l2_reg_embedding": 0, "l2_reg_dnn": 0}


class DeepCTRTorch(System):
    def __init__(self, asked: Asked) -> None:
        torch.set_num_threads(asked.threads)
        self.asked, self.model = asked, _model(asked)
        train = asked.part("train")
        self.rows, self.labels = train.columns(), np.array(train.labels)
        self.model.compile(torch.optim.Adam(self.model.parameters(), arrays.RATE), ["binary_crossentropy"] * 2)

    def fit(self, clock: Clock) -> None:
        register_optimizer_step_post_hook(lambda *_: clock.step(self.asked.batch))
        self.model.fit(self.rows, self.labels, batch_size=self.asked.batch, epochs=1, verbose=2)

    @cached_property
    def test(self) -> dict[str, Any]:
        return self.asked.test().columns()

    def predict(self) -> Predictions:
        return np.asarray(self.model.predict(self.test, self.asked.predict_batch), np.float32)


def _model(asked: Asked) -> Any:
    sizes = arrays.table_sizes(asked.data / "arrays")
    names = arrays.id_names(len(sizes))
    columns = [SparseFeat(n, size, arrays.EMBEDDING) for n, size in zip(names, sizes, strict=True)]
    columns += [DenseFeat(name, 1) for name in arrays.number_names(asked.part("test").numbers.shape[1])]
    tower = {"tower_dnn_hidden_units": arrays.TOWER, **_NO_L2}
    experts = {"expert_dnn_hidden_units": arrays.EXPERT, "gate_dnn_hidden_units": (), **tower}
    match asked.model:
        case "mmoe":
            return MMOE(columns, num_experts=arrays.EXPERTS, **experts)
        case "ple":
            return PLE(columns, arrays.SHARED, arrays.SPECIFIC, 1, **experts)
        case "shared_bottom":
            return SharedBottom(columns, bottom_dnn_hidden_units=arrays.EXPERT, **tower)
    return ESMM(columns, **{**tower, "tower_dnn_hidden_units": arrays.EXPERT})


if __name__ == "__main__":
    main("deepctr-torch", ("deepctr-torch", "torch"), DeepCTRTorch)
