import dataclasses

import pytest
import torch

from recmtl.models.encoder import Encoder, EncoderConfig
from recmtl.schema import FIRST_ID, UNSEEN, CategoricalFeature, NumberFeature, Schema, SequenceFeature, Task
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(200, seed=0).rows.batch
HISTORY = 4
"""The place of `history` among the fields: after the four features with one id."""


def encoder(unseen_rate=0.0, schema=None):
    return Encoder(EncoderConfig(embedding_dim=3, unseen_rate=unseen_rate), schema or planted_schema(), seed=0)


def numbered(one):
    """Every vector tells its id: tables hold ids instead of chance."""
    with torch.no_grad():
        for table, first in one.embeddings.first.items():
            rows = planted_schema().tables[table]
            one.embeddings.weight[first : first + rows] = torch.arange(rows).unsqueeze(1).float()
    return one


def test_fields_come_in_the_schemas_order_single_ids_first():
    encoded = numbered(encoder())(BATCH)
    assert torch.equal(encoded.fields_BFD[:, :HISTORY, 0], BATCH.ids_BF.float())
    for place, column in enumerate(BATCH.sequences):
        bounds = column.offsets.tolist()
        for row in range(20):
            values = column.values_L[bounds[row] : bounds[row + 1]].float()
            expected = values.mean().item() if len(values) else 0.0
            assert encoded.fields_BFD[row, HISTORY + place, 0].item() == pytest.approx(expected)


def test_a_number_enters_as_a_category_and_piecewise():
    one = encoder()
    encoded = one(BATCH)
    assert len(one.fields) == 6 and encoded.fields_BFD.shape == (200, 6, 3)
    assert encoded.dense_BK.shape == (200, 22)  # two numbers of eleven knots
    missing = BATCH.numbers_BN[:, 0].isnan()
    assert missing.any() and not encoded.dense_BK[missing, :11].any()
    assert (encoded.dense_BK[~missing, 0] == 1).all()
    assert encoded.flat().shape == (200, one.flat_dim) and one.flat_dim == 6 * 3 + 22
    assert torch.equal(encoded.flat()[:, :18], encoded.fields_BFD.reshape(200, 18))
    assert torch.equal(encoded.domain_B, BATCH.domain_B)


def test_features_that_name_one_table_share_its_vectors():
    one = encoder()
    single = torch.tensor([0])
    item = BATCH.ids_BF[:, 0]
    history = BATCH.sequences[0]
    row = int(((history.offsets.diff() == 1).nonzero())[0])
    batch = BATCH.take(torch.tensor([row]))
    batch.ids_BF[0, 0] = batch.sequences[0].values_L[0]
    vectors = one(batch).fields_BFD[single]
    torch.testing.assert_close(vectors[0, 0], vectors[0, HISTORY])
    assert item.dtype == torch.int32


def test_in_training_a_share_of_the_real_ids_is_unseen():
    torch.manual_seed(0)
    one = numbered(encoder(unseen_rate=0.3)).train()
    before = BATCH.ids_BF
    found = torch.stack([one(BATCH).fields_BFD[:, :HISTORY, 0] for _ in range(20)])
    real = before >= FIRST_ID
    changed = found != before
    assert not changed[:, ~real].any(), "missing stays missing"
    assert (found[changed] == UNSEEN).all()
    assert changed[:, real].float().mean().item() == pytest.approx(0.3, abs=0.02)


def test_in_training_a_share_of_a_sequences_ids_is_unseen_too():
    torch.manual_seed(0)
    one = numbered(encoder(unseen_rate=0.3)).train()
    column = BATCH.sequences[1]
    single = column.offsets.diff() == 1
    before = column.values_L[column.offsets[:-1][single]]
    found = torch.stack([one(BATCH).fields_BFD[single, HISTORY + 1, 0] for _ in range(50)])
    assert (found[found != before] == UNSEEN).all()
    assert (found != before).float().mean().item() == pytest.approx(0.3, abs=0.03)


def test_nothing_is_unseen_in_evaluation_or_at_rate_zero():
    for one in (numbered(encoder(unseen_rate=0.9)).eval(), numbered(encoder(unseen_rate=0.0)).train()):
        assert torch.equal(one(BATCH).fields_BFD[:, :HISTORY, 0], BATCH.ids_BF.float())


def test_every_tables_unseen_vector_is_trained():
    torch.manual_seed(0)
    one = encoder(unseen_rate=0.3).train()
    one(BATCH).fields_BFD.sum().backward()
    touched = one.embeddings.weight.grad.to_dense().any(1)
    for table, first in one.embeddings.first.items():
        assert touched[first + UNSEEN], f"the unseen vector of {table} has no gradient"


@pytest.mark.parametrize("kind", ["categorical", "sequence", "number"])
def test_one_kind_of_feature_is_enough(kind):
    features = {
        "categorical": CategoricalFeature(name="item", table="item"),
        "sequence": SequenceFeature(name="history", table="item"),
        "number": NumberFeature(name="price", table="item", knots=(0.0, 1.0)),
    }
    tasks = (Task(name="click", kind="binary"),)
    schema = Schema(
        dataset="one", features=(features[kind],), tables={"item": FIRST_ID + 30}, tasks=tasks, domains=("d",)
    )
    batch = planted(5, seed=0).rows.batch
    nothing = dataclasses.replace(
        batch,
        ids_BF=batch.ids_BF[:, : 0 if kind == "sequence" else 1],
        numbers_BN=batch.numbers_BN[:, : 1 if kind == "number" else 0],
        sequences=batch.sequences[:1] if kind == "sequence" else (),
    )
    one = encoder(schema=schema)
    encoded = one(nothing)
    assert encoded.fields_BFD.shape == (5, 1, 3)
    assert encoded.dense_BK.shape == (5, 2 if kind == "number" else 0)
    assert encoded.flat().shape == (5, one.flat_dim)
