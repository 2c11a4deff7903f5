"""The functions and the stages are one code: the same rows give the same bits."""

import numpy as np
import pyarrow as pa
import torch

from recmtl.artifacts.progress import Silent
from recmtl.config import choose
from recmtl.data.layout import Layout
from recmtl.data.loader import load_columns, load_part
from recmtl.data.policies import FilesSplit
from recmtl.data.split import build_split
from recmtl.deepctr import PLE
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.schema import Task
from recmtl.testing.table_dataset import TableDataset
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.predict import predict_rows

torch.set_num_threads(1)

SEED, EPOCHS = 1024, 3
MODEL = {
    "name": "ple", "num_levels": 2, "num_specific_experts": 1, "num_shared_experts": 2, "expert": [16], "tower": [8],
    "dropout": 0.1,
    "encoder": {
        "embedding_dim": 8, "initial_scale": 1e-4 * (3 * 8) ** 0.5, "unseen_rate": 0.0, "numbers": "plain",
    },
}  # fmt: skip


def test_the_same_rows_give_the_same_bits(columns, tasks, rows, fresh, tmp_path):
    schema, predicted, losses = of_stages(rows, fresh, tmp_path)
    model = PLE(
        columns, **tasks, num_experts_specific=1, num_experts_shared=2, expert_dnn_units=[16],
        tower_dnn_units_lists=[[8], [8]], dnn_dropout=0.1, l2_reg_embedding=1e-3, l2_reg_dnn=1e-4,
    )  # fmt: skip
    model.compile("adam", loss=["binary_crossentropy", "mean_squared_error"])
    watched = ({name: values[:200] for name, values in fresh.X.items()}, [label[:200] for label in fresh.y])
    model.fit(rows.X, rows.y, batch_size=64, epochs=EPOCHS, verbose=0, validation_data=watched)
    assert model.ranker.schema_.tables == schema.tables
    assert [record["loss"] for record in model.ranker.history_] == losses
    assert np.array_equal(np.hstack(model.predict(fresh.X)), predicted)


def of_stages(rows, fresh, out):
    """By the steps of split-domains, train-mtl and evaluate, as a config would ask for it: schema, predictions of all
    fresh rows, of which the first 200 are watched in training, and the losses of the epochs.
    """
    layout = Layout(
        tasks=(Task(name="click", kind="binary"), Task(name="minutes", kind="regression")),
        categorical=("item", "city"), numbers=("price",), sequences=("hist",), tables={"item": "item", "hist": "item"},
        ready_made=True, ready_made_valid=True,
    )  # fmt: skip
    table = pa.concat_tables(
        [as_table(rows, "train", 0), as_table(fresh, "valid", 1200)[:200], as_table(fresh, "test", 2000)]
    )
    policy = FilesSplit(seed=SEED, max_distinct=0)
    # a row's chance depends on the name of its domain, which is that of the data set
    schema = build_split(TableDataset(name="X", rows=table, columns=layout), policy, out, out)
    weights = {"click": 1.0, "minutes": float(rows.minutes.var())}
    config = TrainConfig.model_validate(
        {
            "seed": SEED, "epochs": EPOCHS, "patience": EPOCHS, "batch_size": 64,
            "balance": {"name": "fixed", "weights": weights},
            "optimizer": {"name": "adam", "learning_rate": 1e-3, "l2": 2e-4},
            "table_optimizer": {"name": "adam", "learning_rate": 1e-3, "l2": 2e-3},
        }
    )  # fmt: skip
    model = Model(choose(SharingConfig, MODEL), schema, SEED)
    state = train(model, load_part(out, schema, "train"), load_part(out, schema, "valid"), config, range(2), Silent())
    order = np.argsort(load_columns(out, schema, "test", ["row"])["row"].to_numpy())
    predicted = predict_rows(model, load_part(out, schema, "test").batch, range(2))[order]
    return schema, predicted, [record["loss"] for record in state.history]


def as_table(rows, part, first):
    """As a reader would give it."""
    return pa.table(
        {
            "row": pa.array(np.arange(first, first + len(rows.click))),
            "part": pa.array([part] * len(rows.click)),
            "item": pa.array([str(value) for value in rows.X["item"]]),
            "city": pa.array([str(value) for value in rows.X["city"]]),
            "price": pa.array(rows.X["price"]),
            "hist": pa.array([[str(value) for value in values if value] for values in rows.X["hist"]]),
            "click": pa.array(rows.click.astype(float)),
            "minutes": pa.array(rows.minutes),
        }
    )
