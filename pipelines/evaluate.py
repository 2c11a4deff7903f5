"""evaluate: score a run's model on a part of its split, for each task on each domain and over all.

Reads a split and runs/<run>/model; writes runs/<run>/scorecard: scorecard.json, scorecard.parquet.
"""

import json
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from recmtl.artifacts.hashing import sha256_file
from recmtl.artifacts.tables import TableWriter
from recmtl.config import Config
from recmtl.data.loader import domain_of_rows, load_columns
from recmtl.data.policies import PARTS
from recmtl.data.watched import WatchedRows
from recmtl.metrics.predictions import TaskPredictions
from recmtl.metrics.scorecard import cells, summary
from recmtl.models.model import Model
from recmtl.pipelines.baselines import baseline_cells
from recmtl.pipelines.selection import Asked, Selection, select_model
from recmtl.pipelines.stage import Context, Plan, Stage
from recmtl.pipelines.trained import open_trained
from recmtl.pipelines.workspace import Workspace
from recmtl.training.predict import task_predictions

Part = Literal["train", "valid", "test", "all"]


class EvaluateConfig(Config):
    """What is scored."""

    checkpoint: str = "best"
    """Weights to score: best, last, epoch-N, or a path."""
    part: Part = "test"
    """Rows to score; 'all' is every part, training rows included."""


class Evaluate(Stage):
    """A scorecard."""

    name: ClassVar = "evaluate"

    def __init__(self, asked: Asked, *, checkpoint: str | None = None, part: str | None = None) -> None:
        self.asked = asked
        self.selection: Selection | None = None
        self.flags = {"evaluate.checkpoint": checkpoint, "evaluate.part": part}

    def plan(self, workspace: Workspace) -> Plan:
        """The model and the split it shall be scored on must be there and fit."""
        # once: while this runs, another command may move the mark of what was made last
        self.selection = self.selection or select_model(self.asked, workspace).with_flags(self.flags)
        selection = self.selection
        self.trained = open_trained(selection, workspace, self.asked)
        self.config = selection.recipe.section("evaluate", EvaluateConfig)
        self.checkpoint = self.trained.checkpoint(self.config.checkpoint)
        inputs = {"split": self.trained.experiment.split_hash, "checkpoint": sha256_file(self.checkpoint)}
        train = self.trained.experiment.train
        return Plan(
            workspace.run(selection.run) / "scorecard",
            {"evaluate": self.config.document(), "precision": train.precision, "device": train.device},
            inputs,
            remembered=selection.remembered(),
            remark=selection.remark,
        )

    def run(self, context: Context) -> dict[str, Any]:
        """Predict, measure, write."""
        schema, model = self.trained.experiment.schema, self.trained.load(self.checkpoint)
        predictions, domain, columns = self._predict(model, context)
        user = columns["key:user"].to_numpy() if "user" in schema.keys else None
        found = cells(predictions, domain, schema.domains, user)
        card: dict[str, Any] = {
            "part": self.config.part,
            "cells": found,
            "summary": summary(found),
            "baselines": baseline_cells(schema, predictions, columns, domain, user),
        }
        (context.out / "scorecard.json").write_text(json.dumps(card, indent=1, allow_nan=False) + "\n")
        _write_table(context.out / "scorecard.parquet", found)
        return card

    def _predict(self, model: Model, context: Context) -> tuple[list[TaskPredictions], np.ndarray, pa.Table]:
        """Predictions of all rows, their domains, and their keys and logged scores."""
        experiment, schema = self.trained.experiment, self.trained.experiment.schema
        wanted = [f"key:{key}" for key in schema.keys] + [score.column for score in schema.scores]
        pieces, domains, columns = [], [], []
        for part in PARTS if self.config.part == "all" else [self.config.part]:
            rows = WatchedRows(experiment.rows(part), f"scoring {part}", context.progress)
            context.progress.say(f"scoring {len(rows):,} rows of {part}")
            pieces.append(task_predictions(model, rows, range(len(schema.tasks))))
            domains.append(domain_of_rows(experiment.split, schema, part))
            columns.append(load_columns(experiment.split, schema, part, ["row", *wanted]))
        joined = [_joined([piece[i] for piece in pieces]) for i in range(len(schema.tasks))]
        return joined, np.concatenate(domains), pa.concat_tables(columns)


def _joined(pieces: list[TaskPredictions]) -> TaskPredictions:
    first = pieces[0]
    label, prediction = (np.concatenate([getattr(p, name) for p in pieces]) for name in ("label", "prediction"))
    return TaskPredictions(first.task, first.kind, label, prediction)


def _write_table(path: Path, found: list[dict[str, Any]]) -> None:
    """One row a cell, a column a metric, `undefined` as JSON text."""
    names = list(dict.fromkeys(name for cell in found for name in cell if name != "undefined"))
    columns = {name: [cell.get(name) for cell in found] for name in names}
    columns["undefined"] = [json.dumps(cell["undefined"]) for cell in found]
    kinds = {
        "task": pa.string(),
        "domain": pa.string(),
        "undefined": pa.string(),
        "rows": pa.int64(),
        "positives": pa.int64(),
    }
    table = pa.table({name: pa.array(values, kinds.get(name, pa.float64())) for name, values in columns.items()})
    with TableWriter(path, table.schema) as writer:
        writer.write(table)
