"""The work that all systems are given, written twice: as arrays for the other libraries, and as a workspace with a
split, as split-domains publishes one, and a config a model.

    python -m benchmarks.speed.work FOLDER [--rows 1000000] [--ids-scale 1] [--only arrays|workspace]

FOLDER/arrays and FOLDER/workspace. The same rows in the same order. Then, for example:

    recmtl train-mtl --workspace FOLDER/workspace --data work --config FOLDER/workspace/mmoe.json
"""

import argparse
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import NormalDist
from time import monotonic
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.speed import arrays
from benchmarks.speed.generator import DOMAINS, NUMBERS, PARTS, TASKS, Block, Generator, domain_rows, part_rows
from recmtl.artifacts import manifest
from recmtl.artifacts.hashing import digest_json
from recmtl.artifacts.tables import TableWriter
from recmtl.data.folders import domain_folder
from recmtl.data.schema_file import save_schema
from recmtl.pipelines.workspace import Workspace
from recmtl.schema import FIRST_ID, CategoricalFeature, NumberFeature, Schema, Task

DATA = "work"
_KNOTS = tuple(NormalDist().inv_cdf(share) for share in np.linspace(0.001, 0.999, 101))
"""Quantiles, as split-domains would find them."""
_ENCODER = {"embedding_dim": arrays.EMBEDDING, "numbers": "plain", "unseen_rate": 0.0, "initial_scale": 0.1}
MODELS: dict[str, dict[str, Any]] = {
    "mmoe": {"name": "mmoe", "num_experts": arrays.EXPERTS, "expert": arrays.EXPERT, "tower": arrays.TOWER},
    "ple": {"name": "ple", "num_levels": 1, "num_specific_experts": arrays.SPECIFIC,
            "num_shared_experts": arrays.SHARED, "expert": arrays.EXPERT, "tower": arrays.TOWER},
    "shared_bottom": {"name": "shared_bottom", "bottom": arrays.EXPERT, "tower": arrays.TOWER},
    "esmm": {"name": "esmm", "tower": arrays.EXPERT},
}  # fmt: skip


def config(model: str, batch: int = 1024) -> dict[str, Any]:
    """One epoch of Adam without any regularisation."""
    return {
        "data": DATA,
        "model": {**MODELS[model], "encoder": _ENCODER},
        "train": {"epochs": 1, "batch_size": batch, "optimizer": {"name": "adam", "learning_rate": arrays.RATE},
                  "table_optimizer": {"name": "lazy_adam", "learning_rate": arrays.RATE}},
    }  # fmt: skip


def schema(sizes: list[int]) -> Schema:
    """What the split holds."""
    names = arrays.id_names(len(sizes))
    numbers = arrays.number_names(NUMBERS)
    return Schema(
        dataset=DATA,
        features=(
            *(CategoricalFeature(name=name, table=name) for name in names),
            *(NumberFeature(name=name, table=name, knots=_KNOTS) for name in numbers),
        ),
        tables={name: size + FIRST_ID for name, size in zip(names, sizes, strict=True)}
        | dict.fromkeys(numbers, FIRST_ID + 1),
        tasks=tuple(Task(name=name, kind="binary") for name in TASKS),
        domains=tuple(map(str, range(DOMAINS))),
        knots=len(_KNOTS),
    )


def part_blocks(generator: Generator, part: str, rows: int) -> Iterator[tuple[int, Block]]:
    """(domain, its rows) of a part, domain after domain."""
    for domain, count in enumerate(domain_rows(rows)):
        for block in generator.blocks(part, domain, count):
            yield domain, block


def write_arrays(folder: Path, generator: Generator, rows: dict[str, int]) -> None:
    """For the other libraries."""
    for part in PARTS:
        widths = {"ids": len(generator.sizes), "numbers": NUMBERS, "labels": len(TASKS)}
        written, start = arrays.create(folder, part, rows[part], widths), 0
        for _, block in part_blocks(generator, part, rows[part]):
            end = start + len(block.ids_BF)
            written.ids[start:end], written.numbers[start:end] = block.ids_BF, block.numbers_BN
            written.labels[start:end], start = block.labels_BT, end
    (folder / "facts.json").write_text(json.dumps({"sizes": generator.sizes, "rows": rows}) + "\n")


def write_split(split: Path, generator: Generator, rows: dict[str, int]) -> None:
    """For recmtl: what a training reads of a split, and its manifest."""
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), monotonic()
    found = schema(generator.sizes)
    split.mkdir(parents=True)
    save_schema(found, split)
    columns = _columns(found)
    for part in PARTS:
        with ExitStack() as files:
            writers: dict[int, TableWriter] = {}
            for domain, block in part_blocks(generator, part, rows[part]):
                if domain not in writers:
                    folder = split / part / domain_folder(found.domains[domain])
                    folder.mkdir(parents=True)
                    writers[domain] = files.enter_context(TableWriter(folder / "part-0.parquet", columns))
                writers[domain].write(_table(block, columns))
    sections: dict[str, Any] = {"dataset": {"name": DATA}, "split": {"policy": "made"}}
    recipe = {"source": "mmoe.json", "name": DATA, "document": config("mmoe")}
    manifest.write(
        split, stage="split-domains", fingerprint=digest_json({"seed": generator.seed, "rows": rows}),
        config=sections, inputs={}, seed=generator.seed, started=started, seconds=monotonic() - clock,
        notes={"recipe": json.loads(json.dumps(recipe)), "data": DATA, "run": ""},
    )  # fmt: skip


def _columns(found: Schema) -> pa.Schema:
    ids = [(feature.column, pa.int32()) for feature in found.embedded]
    values = [(feature.value_column, pa.float32()) for feature in found.numbers]
    return pa.schema(ids + values + [(task.column, pa.float32()) for task in found.tasks])


def _table(block: Block, kinds: pa.Schema) -> pa.Table:
    columns = list((block.ids_BF + FIRST_ID).T)
    columns += [np.full(len(block.ids_BF), FIRST_ID, np.int32)] * NUMBERS
    columns += [*block.numbers_BN.T, *block.labels_BT.T]
    return pa.Table.from_arrays([pa.array(np.ascontiguousarray(column)) for column in columns], schema=kinds)


def write_workspace(root: Path, generator: Generator, rows: dict[str, int]) -> None:
    """The split, the mark of what was made last, and the configs."""
    workspace = Workspace(root)
    write_split(workspace.split(DATA), generator, rows)
    workspace.mark_latest("data", DATA)
    for model in MODELS:
        (root / f"{model}.json").write_text(json.dumps(config(model), indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of training; others are a tenth and a fifth more")
    parser.add_argument("--ids-scale", type=int, default=1, help="how many times as large each table is")
    parser.add_argument("--only", choices=["arrays", "workspace"])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    generator, rows = Generator(asked.seed, asked.ids_scale), part_rows(asked.rows)
    if asked.only != "workspace":
        write_arrays(asked.folder / "arrays", generator, rows)
    if asked.only != "arrays":
        write_workspace(asked.folder / "workspace", generator, rows)


if __name__ == "__main__":
    main()
