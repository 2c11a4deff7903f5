"""A model keeps the models' contract with each way in which the encoder may treat features."""

import numpy as np
import pytest
import torch
from narrow import narrow

from recmtl.models.encoder import EncoderConfig
from recmtl.models.mmoe import MMoEConfig
from recmtl.models.model import Model
from recmtl.testing.model_contract import CHECKS, learns_the_planted_truth
from recmtl.testing.planted import planted
from recmtl.training.predict import predict_rows

OPTIONS = {
    "pooling=sum": {"pooling": "sum"},
    "pooling=max": {"pooling": "max"},
    "pooling=attention": {"pooling": "attention"},
    "pooling by name": {"pooling": {"history": "target", "tags": "max"}},
    "numbers=linear": {"numbers": {"age": "linear"}},
    "numbers by name": {"numbers": {"age": "plain"}},
    "embedding_dims": {"embedding_dims": {"item": 8, "city": 2, "tags": 2}},
    "all": {
        "pooling": {"history": "attention"},
        "numbers": {"age": "linear"},
        "embedding_dims": {"item": 8, "price": 2, "tags": 2},
    },
}


def _config(name):
    return MMoEConfig(encoder=EncoderConfig.model_validate(OPTIONS[name]), per_domain=name == "all")


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("check", [c for c in CHECKS if c is not learns_the_planted_truth], ids=lambda c: c.__name__)
def test_model(check, name):
    check(narrow(_config(name)))


@pytest.mark.parametrize("name", OPTIONS)
def test_model_learns_the_truth(name, without_onednn):
    if name == "pooling=sum":
        learns_the_planted_truth(_config(name), share=0.85)  # the truth looks at the mean, which no sum tells
    else:
        learns_the_planted_truth(narrow(_config(name)))


@pytest.mark.parametrize("name", OPTIONS)
def test_a_row_is_predicted_to_the_same_bits_whatever_rows_stand_beside_it(name):
    rows = planted(300, seed=0)
    model = Model(MMoEConfig(encoder=EncoderConfig.model_validate(OPTIONS[name])), rows.schema, 0)
    with torch.no_grad():
        for parameter in model.parameters():  # attention would start at zero
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    batch, tasks = rows.rows.batch, range(2)
    together = predict_rows(model, batch, tasks)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    for index_B in (*order[:20].split(1), order[20:27], order):
        np.testing.assert_array_equal(predict_rows(model, batch.take(index_B), tasks), together[index_B.numpy()])
