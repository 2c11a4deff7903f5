"""The estimator and the stages are one code: the same rows give the same bits."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from recmtl.artifacts.progress import Silent
from recmtl.config import choose
from recmtl.data.layout import Layout
from recmtl.data.loader import load_columns, load_part
from recmtl.data.policies import FilesSplit
from recmtl.data.split import build_split
from recmtl.estimator import MultiTaskRanker
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.schema import Schema, Task
from recmtl.testing.table_dataset import TableDataset
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.predict import predict_rows

torch.set_num_threads(1)

MODEL = {"name": "mmoe", "num_experts": 2, "expert": [16], "tower": [8], "dropout": 0.1}
TRAIN = {"epochs": 3, "batch_size": 64, "losses": {"click": "focal"}, "clip_norm": 5.0}
SPLIT = {"min_count": 2, "max_distinct": 5, "knots": 8}
SHARE, SEED = 0.2, 7


@pytest.fixture(scope="module")
def table(rows, fresh):
    """`rows` to train, then `fresh` to test, as a reader of the stages would give them."""
    frame = pd.concat([rows.X, fresh.X], ignore_index=True).join(pd.concat([rows.y, fresh.y], ignore_index=True))
    size = len(rows.X)
    columns = {
        "row": pa.array(range(len(frame))),
        "part": pa.array(["train"] * size + ["test"] * (len(frame) - size)),
        "item": pa.array([str(value) for value in frame["item"]]),
        "city": pa.array(list(frame["city"])),
        "country": pa.array(list(frame["country"])),
        "price": pa.array(frame["price"], from_pandas=True),
        "history": pa.array([[str(value) for value in values] for values in frame["history"]]),
        "importance": pa.array(np.arange(len(frame)) % 3 + 0.5),
        "click": pa.array(frame["click"], from_pandas=True),
        "watched": pa.array(frame["watched"], from_pandas=True),
    }
    return pa.table(columns)


@pytest.fixture(scope="module")
def of_stages(table, tmp_path_factory):
    """(schema, history, predictions of the test rows by `row`), by the steps of split-domains, train-mtl, evaluate."""
    layout = Layout(
        tasks=(Task(name="click", kind="binary"), Task(name="watched", kind="regression", bounds=(-40.0, 40.0))),
        categorical=("item", "city", "country"),
        numbers=("price",),
        sequences=("history",),
        domain="country",
        weight="importance",
        ready_made=True,
    )
    out = tmp_path_factory.mktemp("split")
    policy = FilesSplit(seed=SEED, valid_share=SHARE, **SPLIT)
    schema = build_split(TableDataset(name="made_up", rows=table, columns=layout), policy, out, out)
    model, tasks = Model(choose(SharingConfig, MODEL), schema, SEED), range(2)
    state = train(
        model, load_part(out, schema, "train"), load_part(out, schema, "valid"),
        TrainConfig(seed=SEED, **TRAIN), tasks, Silent(),
    )  # fmt: skip
    model.load_state_dict(state.best_weights)
    predicted = predict_rows(model, load_part(out, schema, "test").batch, tasks)
    order = np.argsort(load_columns(out, schema, "test", ["row"])["row"].to_numpy())
    return schema, state.history, predicted[order]


def test_the_same_rows_give_the_same_bits(of_stages, rows, fresh):
    schema, history, predicted = of_stages
    ranker = MultiTaskRanker(
        MODEL, train=TRAIN, split=SPLIT, categorical=["item"], domain="country",
        tasks={"watched": {"bounds": [-40.0, 40.0]}}, validation_share=SHARE, random_state=SEED,
    )  # fmt: skip
    columns = ["item", "city", "country", "price", "history"]
    ranker.fit(rows.X[columns], rows.y, sample_weight=np.arange(len(rows.X)) % 3 + 0.5)
    assert _without_names(ranker.schema_) == _without_names(schema)
    assert ranker.history_ == history
    assert np.array_equal(ranker.predict(fresh.X[columns]), predicted)


def _without_names(schema: Schema) -> dict:
    document = json.loads(json.dumps(schema.document()))
    del document["dataset"]
    return document
