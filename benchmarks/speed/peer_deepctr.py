"""DeepCTR on Keras: compile and fit on arrays, as its examples do."""

from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]
from deepctr.feature_column import DenseFeat, SparseFeat  # type: ignore[import-not-found]
from deepctr.models.multitask import ESMM, MMOE, PLE, SharedBottom  # type: ignore[import-not-found]

from benchmarks.speed import arrays
from benchmarks.speed.clock import Clock
from benchmarks.speed.measure import Asked, Predictions, System, main

_NO_L2 = {"l2_reg_embedding": 0, "l2_reg_dnn": 0}


class _Steps(tf.keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, clock: Clock, batch: int) -> None:
        super().__init__()
        self.clock, self.batch = clock, batch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.clock.step(self.batch)


class DeepCTR(System):
    def __init__(self, asked: Asked) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(asked.threads)
        tf.config.threading.set_inter_op_parallelism_threads(asked.threads)
        self.asked, self.model = asked, _model(asked)
        self.model.compile(tf.keras.optimizers.Adam(arrays.RATE), loss=["binary_crossentropy"] * 2)
        train = asked.part("train")
        self.rows, self.labels = train.columns(), list(np.array(train.labels).T)

    def fit(self, clock: Clock) -> None:
        steps = _Steps(clock, self.asked.batch)
        self.model.fit(self.rows, self.labels, batch_size=self.asked.batch, epochs=1, verbose=2, callbacks=[steps])

    @cached_property
    def test(self) -> dict[str, Any]:
        return self.asked.test().columns()

    def predict(self) -> Predictions:
        found = self.model.predict(self.test, self.asked.predict_batch, verbose=0)
        return np.concatenate(found, axis=1)


def _model(asked: Asked) -> Any:
    sizes = arrays.table_sizes(asked.data / "arrays")
    names = arrays.id_names(len(sizes))
    columns = [SparseFeat(n, size, arrays.EMBEDDING) for n, size in zip(names, sizes, strict=True)]
    columns += [DenseFeat(name, 1) for name in arrays.number_names(asked.part("test").numbers.shape[1])]
    tower = {"tower_dnn_hidden_units": arrays.TOWER, **_NO_L2}
    experts = {"expert_dnn_hidden_units": arrays.EXPERT, "gate_dnn_hidden_units": (), **tower}
    match asked.model:
        case "mmoe":
            return MMOE(columns, arrays.EXPERTS, **experts)
        case "ple":
            return PLE(columns, arrays.SHARED, arrays.SPECIFIC, 1, **experts)
        case "shared_bottom":
            return SharedBottom(columns, bottom_dnn_hidden_units=arrays.EXPERT, **tower)
    return ESMM(columns, **{**tower, "tower_dnn_hidden_units": arrays.EXPERT})


if __name__ == "__main__":
    main("deepctr", ("deepctr", "tensorflow-cpu", "keras"), DeepCTR)
