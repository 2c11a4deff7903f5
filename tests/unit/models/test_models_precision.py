"""What bfloat16 changes of a model, and what it leaves as it is."""

from typing import get_args

import pytest
import torch

from recmtl.artifacts.progress import SILENT
from recmtl.models.model import Model
from recmtl.models.sharing import SharingConfig
from recmtl.nn.precision import resolve_precision
from recmtl.testing.planted import planted
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.predict import predict_rows

DATA = planted(2000, seed=3, entire_space=True)
FEW = DATA.rows.batch.take(torch.arange(0, 2000, 5))


def built(name, precision, **settings):
    model = Model(SharingConfig.kinds[name](**settings), DATA.schema, seed=0)
    model.precision = precision
    return model


@pytest.mark.parametrize("name", sorted(SharingConfig.kinds))
def test_predictions_are_close_to_single_ones_and_weights_and_gradients_stay_single(name):
    logits = {}
    for precision in ("f32", "bf16"):
        model = built(name, precision).eval()
        logits[precision] = model(FEW)
        logits[precision].sum().backward()
        assert logits[precision].dtype == torch.float32
        assert all(p.dtype == torch.float32 and p.grad.dtype == torch.float32 for p in model.parameters())
    difference = (logits["bf16"] - logits["f32"]).abs().max()
    assert 0 < difference < 0.05 * logits["f32"].abs().max()


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("name", sorted(SharingConfig.kinds))
def test_a_row_gets_the_same_bits_whatever_rows_of_its_domain_or_others_stand_beside_it(name, precision):
    allowed = get_args(SharingConfig.kinds[name].model_fields["per_domain"].annotation) or (True,)
    model = built(name, precision, per_domain=allowed[0])
    rows, tasks = DATA.rows.batch, range(len(DATA.schema.tasks))
    whole = predict_rows(model, rows, tasks)
    for some in (torch.arange(1), torch.arange(70, 140), torch.arange(1999, 0, -7)):
        assert (predict_rows(model, rows.take(some), tasks) == whole[some]).all()


def test_scores_keep_single_precisions_resolution():
    """Eight bits of a logit would make ties of rows that differ."""
    model = built("mmoe", "bf16")
    scores = predict_rows(model, DATA.rows.batch, [0])
    distinct = dict.fromkeys(("f32", "bf16"), 0)
    for precision in distinct:
        model.precision = precision
        distinct[precision] = len(set(predict_rows(model, DATA.rows.batch, [0]).ravel().tolist()))
    assert distinct["bf16"] > 0.9 * distinct["f32"] and scores.dtype.name == "float32"


def test_training_learns_as_much():
    skill = {}
    for precision in ("f32", "bf16"):
        model = built("mmoe", precision)
        config = TrainConfig(epochs=3, batch_size=100)
        skill[precision] = train(model, DATA.rows, DATA.rows, config, [0, 1], SILENT).best_score
    assert skill["bf16"] == pytest.approx(skill["f32"], abs=0.02)


def test_auto_is_never_kept():
    assert TrainConfig(precision="auto").resolved().precision in ("f32", "bf16")
    assert resolve_precision("auto", "cpu") == TrainConfig(precision="auto").resolved().precision
    assert resolve_precision("f32", "cpu") == "f32" and resolve_precision("bf16", "cpu") == "bf16"
