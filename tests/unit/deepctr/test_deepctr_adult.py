"""The published example on the Adult data, line by line: it reaches the AUC that the Keras model had."""

import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import LabelEncoder, MinMaxScaler

from recmtl.deepctr import DenseFeat, Shared_Bottom, SparseFeat, get_feature_names

torch.set_num_threads(1)

COLUMNS = [
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship", "race",
    "gender", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income_bracket",
]  # fmt: skip
DENSE = ["fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
PUBLISHED = {"income": 0.9098, "marital": 0.9635}


@pytest.mark.realdata
def test_shared_bottom_reaches_the_published_auc(real_data):
    data, rows = read(real_data("adult"))
    sparse = [name for name in data.columns if name not in [*DENSE, "income", "marital"]]
    data[DENSE] = MinMaxScaler(feature_range=(0, 1)).fit_transform(data[DENSE])
    for name in sparse:
        data[name] = LabelEncoder().fit_transform(data[name])
    columns = [SparseFeat(name, data[name].max() + 1, embedding_dim=16) for name in sparse]
    columns += [DenseFeat(name, 1) for name in DENSE]
    train, test = data[:rows], data[rows:]
    names = get_feature_names(columns)

    model = Shared_Bottom(
        columns, num_tasks=2, task_types=["binary", "binary"], task_names=["income", "marital"],
        bottom_dnn_units=[128, 128], tower_dnn_units_lists=[[64, 32], [64, 32]],
    )  # fmt: skip
    model.compile("adam", loss=["binary_crossentropy", "binary_crossentropy"], metrics=["AUC"])
    model.fit(
        {name: train[name] for name in names}, [train["income"].values, train["marital"].values],
        batch_size=256, epochs=5, verbose=0, validation_split=0.0,
    )  # fmt: skip
    predicted = model.predict({name: test[name] for name in names}, batch_size=256)
    for task, prediction in zip(PUBLISHED, predicted, strict=True):
        assert roc_auc_score(test[task], prediction) > PUBLISHED[task] - 0.001


def read(folder):
    """(all rows, how many of them train)."""
    parts = [
        pd.read_csv(folder / name, header=None, names=COLUMNS, comment="|", skipinitialspace=True).dropna()
        for name in ("adult.data", "adult.test")
    ]
    data = pd.concat(parts, ignore_index=True)
    data["income"] = data["income_bracket"].str.startswith(">50K").astype(int)
    data["marital"] = (data["marital_status"] == "Never-married").astype(int)
    return data.drop(columns=["marital_status", "income_bracket"]), len(parts[0])
