"""What a user has in ten lines beside the methods: LightGBM, one model a task, stopped early on validation, which also
chooses the number of leaves.

    pip install lightgbm
    python -m benchmarks.zoo.lightgbm_column [--workspace benchmark]

Reads the splits that `run` made, and adds its lines to the same results.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow.compute
import pyarrow.dataset
from numpy.typing import NDArray

from benchmarks.zoo.methods import DATA, SEEDS, SETTINGS
from benchmarks.zoo.report import ALL, LIGHTGBM
from benchmarks.zoo.run import RESULTS, Run, results
from recmtl.data.schema_file import load_schema
from recmtl.metrics.auc import auc
from recmtl.schema import CategoricalFeature, Schema

PARAMETERS = {"objective": "binary", "metric": "auc", "learning_rate": 0.05, "min_data_in_leaf": 50,
              "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1, "num_threads": 1,
              "verbose": -1}  # fmt: skip
LEAVES, ROUNDS, PATIENCE = (7, 15, 31, 63), 2000, 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path("benchmark"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    for data, seed in ((data, seed) for seed in SEEDS for data in DATA):
        run = Run(data, LIGHTGBM, next(iter(SETTINGS)), seed)
        split = asked.workspace / "data" / Path(DATA[data].preset).stem
        if run in results(asked.out) or not split.exists():
            continue
        line = {"data": data, "method": LIGHTGBM, "setting": run.setting, "seed": seed, **trained(split, seed)}
        with asked.out.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)


def trained(split: Path, seed: int) -> dict[str, Any]:
    """Both scores of every task."""
    schema, began = load_schema(split), time.monotonic()
    parts = {part: _read(split, part, schema) for part in ("train", "valid", "test")}
    categories = list(range(sum(isinstance(f, CategoricalFeature) for f in schema.features)))
    scores: dict[str, dict[str, Any]] = {"validation": {}, "test": {}}
    for task in schema.tasks:
        x, y = {}, {}
        for part, (features, labels) in parts.items():
            observed = ~np.isnan(labels[task.name])
            x[part], y[part] = features[observed], labels[task.name][observed]
        learnt = lightgbm.Dataset(x["train"], y["train"], categorical_feature=categories, free_raw_data=False)
        held_out = lightgbm.Dataset(x["valid"], y["valid"], reference=learnt)
        models = [
            lightgbm.train(
                {**PARAMETERS, "num_leaves": leaves, "seed": seed}, learnt, ROUNDS, [held_out],
                callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
            )
            for leaves in LEAVES
        ]  # fmt: skip
        on_valid = [auc(y["valid"], np.asarray(model.predict(x["valid"]))) for model in models]
        best = models[int(np.argmax(on_valid))]
        scores["validation"][task.name] = round(max(on_valid), 5)
        scores["test"][task.name] = {ALL: round(auc(y["test"], np.asarray(best.predict(x["test"]))), 5)}
    return {**scores, "seconds": round(time.monotonic() - began)}


def _read(split: Path, part: str, schema: Schema) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float64]]]:
    """Categories as ids, then numbers, then a column for each value of a sequence; labels, NaN where not observed."""
    table = pyarrow.dataset.dataset(split / part, format="parquet").to_table()
    columns = [table[f.column].to_numpy() for f in schema.features if isinstance(f, CategoricalFeature)]
    columns += [table[f.value_column].to_numpy() for f in schema.numbers]
    for feature in schema.sequences:
        lists = table[feature.column].combine_chunks()
        row, value = pyarrow.compute.list_parent_indices(lists).to_numpy(), lists.flatten().to_numpy()
        counts = np.zeros((len(table), schema.tables[feature.table]), np.float32)
        np.add.at(counts, (row, value), 1)
        columns += list(counts.T)
    labels = {task.name: table[task.column].to_numpy().astype(np.float64) for task in schema.tasks}
    return np.stack(columns, axis=1).astype(np.float32), labels


if __name__ == "__main__":
    main()
