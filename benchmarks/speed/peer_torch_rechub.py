"""torch-rechub: MTLTrainer and DataGenerator, as its examples use them.

Its layers always have batch normalisation. Its ESMM reads no dense numbers, and has the conversion rate as a third
output without a loss.
"""

from functools import cached_property
from tempfile import mkdtemp
from typing import Any

import numpy as np
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch_rechub.basic.features import DenseFeature, SparseFeature  # type: ignore[import-not-found]
from torch_rechub.models.multi_task import ESMM, MMOE, PLE, SharedBottom  # type: ignore[import-not-found]
from torch_rechub.trainers import MTLTrainer  # type: ignore[import-not-found]
from torch_rechub.utils.data import DataGenerator, PredictDataset  # type: ignore[import-not-found]

from benchmarks.speed import arrays
from benchmarks.speed.clock import Clock
from benchmarks.speed.measure import Asked, Predictions, System, main

_EXPERT = {"dims": list(arrays.EXPERT), "dropout": 0.0, "activation": "relu"}
_TOWERS = [{"dims": list(arrays.TOWER), "dropout": 0.0, "activation": "relu"}] * 2


class TorchRechub(System):
    def __init__(self, asked: Asked) -> None:
        torch.set_num_threads(asked.threads)
        self.asked, self.esmm = asked, asked.model == "esmm"
        self.generator = DataGenerator(*self._rows("train"))
        tasks = ["classification"] * (3 if self.esmm else 2)
        self.trainer = MTLTrainer(
            self._model(tasks[:2]), tasks, optimizer_params={"lr": arrays.RATE}, n_epoch=1, model_path=mkdtemp()
        )

    def _rows(self, part: str) -> tuple[dict[str, Any], Any]:
        found = self.asked.part(part)
        labels = np.array(found.labels)
        if self.esmm:  # conversion rate, click, click and conversion
            labels = labels[:, [1, 0, 1]]
        return found.columns(), labels

    def _model(self, tasks: list[str]) -> Any:
        sizes = arrays.table_sizes(self.asked.data / "arrays")
        names = arrays.id_names(len(sizes))
        sparse = [SparseFeature(n, size, arrays.EMBEDDING) for n, size in zip(names, sizes, strict=True)]
        dense = [DenseFeature(n) for n in arrays.number_names(self.asked.part("test").numbers.shape[1])]
        match self.asked.model:
            case "mmoe":
                return MMOE(sparse + dense, tasks, arrays.EXPERTS, _EXPERT, _TOWERS)
            case "ple":
                return PLE(sparse + dense, tasks, 1, arrays.SPECIFIC, arrays.SHARED, _EXPERT, _TOWERS)
            case "shared_bottom":
                return SharedBottom(sparse + dense, tasks, _EXPERT, _TOWERS)
        return ESMM(sparse[:13], sparse[13:], _EXPERT, _EXPERT)

    def fit(self, clock: Clock) -> None:
        train, valid, _ = self.generator.generate_dataloader(
            *self._rows("valid"), *self._rows("valid"), batch_size=self.asked.batch
        )
        register_optimizer_step_post_hook(lambda *_: clock.step(self.asked.batch))
        self.trainer.fit(train, valid)

    @cached_property
    def test(self) -> dict[str, Any]:
        return self.asked.test().columns()

    def predict(self) -> Predictions:
        rows = PredictDataset(self.test)
        loader = torch.utils.data.DataLoader(rows, self.asked.predict_batch)
        found = np.array(self.trainer.predict(self.trainer.model, loader), np.float32)
        return found[:, -2:]


if __name__ == "__main__":
    main("torch-rechub", ("torch-rechub", "torch"), TorchRechub, "batch normalisation; ESMM without numbers")
