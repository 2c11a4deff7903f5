"""FuxiCTR: the models of its repository, fit on its npz loader with three workers, as its configs have it.

It embeds every number too, so that its networks read 640 values instead of 445; it has no ESMM. The models are in no
package: a checkout of its repository must lie beside the environment, as env.py puts it there.
"""

import importlib.util
import sys
from collections import OrderedDict
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import torch
from fuxictr.features import FeatureMap  # type: ignore[import-not-found]
from fuxictr.pytorch.dataloaders import RankDataLoader  # type: ignore[import-not-found]
from torch.optim.optimizer import register_optimizer_step_post_hook

from benchmarks.speed import arrays
from benchmarks.speed.clock import Clock
from benchmarks.speed.generator import PARTS, TASKS
from benchmarks.speed.measure import Asked, Predictions, System, main

_CLASSES = {"mmoe": "MMoE", "ple": "PLE", "shared_bottom": "ShareBottom"}
_LAYERS: dict[str, dict[str, Any]] = {
    "mmoe": {"num_experts": arrays.EXPERTS, "expert_hidden_units": list(arrays.EXPERT)},
    "ple": {"num_layers": 1, "num_shared_experts": arrays.SHARED, "num_specific_experts": arrays.SPECIFIC,
            "expert_hidden_units": list(arrays.EXPERT)},
    "shared_bottom": {"bottom_hidden_units": list(arrays.EXPERT)},
}  # fmt: skip
_WORKERS = 3


class FuxiCTR(System):
    def __init__(self, asked: Asked) -> None:
        if asked.model not in _CLASSES:
            raise SystemExit(f"FuxiCTR has no {asked.model}")
        torch.set_num_threads(asked.threads)
        self.asked, self.folder = asked, asked.data / "fuxictr"
        self.map = self._feature_map()
        common: dict[str, Any] = {
            "tower_hidden_units": list(arrays.TOWER), "gate_hidden_units": [], "embedding_dim": arrays.EMBEDDING,
            "task": ["binary_classification"] * 2, "num_tasks": 2, "loss": ["binary_crossentropy"] * 2,
            "optimizer": "adam", "learning_rate": arrays.RATE, "metrics": ["AUC"], "monitor": "AUC",
            "monitor_mode": "max", "model_root": mkdtemp(), "verbose": 0,
        }  # fmt: skip
        self.model = _class(_CLASSES[asked.model])(self.map, **common, **_LAYERS[asked.model])
        Path(self.model.model_dir).mkdir()  # its own script makes it with the log

    def _feature_map(self) -> Any:
        sizes = arrays.table_sizes(self.asked.data / "arrays")
        found = FeatureMap("work", str(self.folder))
        found.features = OrderedDict(
            (name, {"type": "categorical", "vocab_size": size, "source": ""})
            for name, size in zip(arrays.id_names(len(sizes)), sizes, strict=True)
        )
        for name in arrays.number_names(self.asked.part("test").numbers.shape[1]):
            found.features[name] = {"type": "numeric", "source": ""}
        found.labels, found.default_emb_dim = list(TASKS), arrays.EMBEDDING
        found.num_fields = found.get_num_fields()
        found.set_column_index()
        return found

    def _written(self, part: str, rows: arrays.Arrays) -> str:
        """The rows in the form of its loader, written once: the file."""
        path = self.folder / f"{part}-{len(rows.labels)}.npz"
        if not path.exists():
            self.folder.mkdir(exist_ok=True)
            columns: dict[str, Any] = rows.columns() | dict(zip(TASKS, np.array(rows.labels).T, strict=True))
            np.savez(path, **columns)
        return str(path)

    def fit(self, clock: Clock) -> None:
        paths = {f"{part}_data": self._written(part, self.asked.part(part)) for part in PARTS[:2]}
        train, valid = RankDataLoader(
            self.map, stage="train", batch_size=self.asked.batch, num_workers=_WORKERS, **paths
        )
        register_optimizer_step_post_hook(lambda *_: clock.step(self.asked.batch))
        self.model.fit(train, epochs=1, validation_data=valid)

    def predict(self) -> Predictions:
        path = self._written("test", self.asked.test())
        test = RankDataLoader(
            self.map, stage="test", test_data=path, batch_size=self.asked.predict_batch, num_workers=_WORKERS
        )
        found = self.model.predict(test)
        return np.stack([np.array(found[task], np.float32) for task in TASKS], axis=1)


def _class(name: str) -> Any:
    path = Path(sys.prefix).parent / "fuxictr" / "model_zoo" / "multitask" / name / "src" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


if __name__ == "__main__":
    main("fuxictr", ("fuxictr", "torch"), FuxiCTR, "numbers are embedded: 640 inputs instead of 445")
