"""Vectors that were trained elsewhere: frozen, trained on, or fields."""

import numpy as np
import pytest
import torch

from recmtl.artifacts import tensors
from recmtl.artifacts.progress import Silent
from recmtl.data.rows import RowsInMemory
from recmtl.models.encoder import Encoder, EncoderConfig
from recmtl.models.mmoe import MMoEConfig
from recmtl.models.model import TABLES, Model
from recmtl.schema import FIRST_ID, VectorFeature
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train
from recmtl.training.predict import predict_rows
from recmtl.training.state import weights_of

ROWS, WIDTH = 33, 5
TABLE = np.random.default_rng(0).normal(size=(ROWS, WIDTH)).astype(np.float32)
TABLE[:FIRST_ID] = 0
TRAINED = "encoder.vectors.vectors_0"


def with_vectors(rows=200, seed=0):
    """Planted rows whose item has a vector; every fourth row's has none."""
    made = planted(rows, seed).rows
    batch, schema = made.batch, planted_schema()
    feature = VectorFeature(name="picture", source="item", dim=WIDTH, rows=ROWS)
    ids_B1 = torch.where(torch.arange(rows) % 4 == 0, FIRST_ID - 1, batch.ids_BF[:, 0]).int().unsqueeze(1)
    fields = {field: getattr(batch, field) for field in batch.__dataclass_fields__}
    batch = type(batch)(**fields | {"ids_BF": torch.cat([batch.ids_BF, ids_B1], dim=1)})
    return RowsInMemory(batch, made.group_sizes), schema.model_copy(update={"features": (*schema.features, feature)})


DATA, SCHEMA = with_vectors()


def model(seed=0, **encoder):
    config = MMoEConfig(encoder=EncoderConfig(unseen_rate=0.0, **encoder), expert=(16,), tower=(8,))
    return Model(config, SCHEMA, seed, {"picture": TABLE}).eval()


def trained(one, epochs=2):
    config = TrainConfig(epochs=epochs, batch_size=64)
    train(one, DATA, with_vectors(100, seed=1)[0], config, [0, 1], Silent())
    return one


@pytest.mark.parametrize("vectors", ["plain", "projected"])
def test_by_default_they_stay_as_they_are_and_out_of_the_checkpoint(vectors):
    one = trained(model(vectors=vectors))
    assert torch.equal(one.encoder.vectors.vectors_0, torch.from_numpy(TABLE))
    assert not any("vectors_0" in name for name in one.state_dict())


@pytest.mark.parametrize("vectors", ["plain", "projected"])
def test_trained_ones_start_as_given_and_move_where_a_row_has_them(vectors):
    one = model(train_vectors=True, vectors=vectors)
    start = weights_of(one)[TRAINED]
    assert torch.equal(start, torch.from_numpy(TABLE))
    moved = (weights_of(trained(one))[TRAINED] != start).any(1)
    came = torch.zeros(ROWS, dtype=torch.bool)
    came[DATA.batch.ids_BF[:, -1].long()] = True
    assert torch.equal(moved, came)


@pytest.mark.parametrize("train_vectors", [False, True])
@pytest.mark.parametrize("vectors", ["plain", "projected"])
def test_untrained_predictions_are_the_same_whether_they_will_be_trained_or_not(train_vectors, vectors):
    frozen, other = model(vectors=vectors), model(vectors=vectors, train_vectors=train_vectors)
    assert torch.equal(frozen(DATA.batch), other(DATA.batch))


def test_a_checkpoint_carries_trained_ones(tmp_path):
    one, other = trained(model(train_vectors=True)), model(seed=1, train_vectors=True)
    tensors.save(tmp_path / "weights.pt", weights_of(one))
    other.load_state_dict(tensors.load(tmp_path / "weights.pt"))
    tasks = range(2)
    np.testing.assert_array_equal(predict_rows(other, DATA.batch, tasks), predict_rows(one, DATA.batch, tasks))


def test_a_training_that_was_stopped_goes_on_with_them_to_the_same_bits(tmp_path):
    config, valid = TrainConfig(epochs=3, batch_size=64, patience=9), with_vectors(100, seed=1)[0]
    whole, parts = model(train_vectors=True), [model(train_vectors=True) for _ in range(2)]
    train(whole, DATA, valid, config, [0, 1], Silent())
    for one, epochs in zip(parts, (1, 3), strict=True):
        train(one, DATA, valid, config.model_copy(update={"epochs": epochs}), [0, 1], Silent(), tmp_path / "at.pt")
    assert not torch.equal(parts[0].all_tables[1], whole.all_tables[1])
    for name, weight in weights_of(whole).items():
        assert torch.equal(weight, weights_of(parts[1])[name]), name


def test_trained_ones_are_tables_and_no_part_of_a_runs_start():
    one = model(train_vectors=True)
    assert {name for name, _ in one.named_parameters()} - set(one.dense_weights()) == {TABLES, TRAINED}
    one(DATA.batch).sum().backward()
    assert all(table.grad.is_sparse for table in one.all_tables)


@pytest.mark.parametrize(("copies", "wide"), [(1, 0), (2, 0), (2, 3)])
def test_projected_they_are_the_last_field_in_every_copy(copies, wide):
    torch.manual_seed(0)
    config = EncoderConfig(embedding_dim=4, unseen_rate=0.0, vectors="projected")
    one = Encoder(config, SCHEMA, 0, {"picture": TABLE}, copies, wide)
    plain = Encoder(EncoderConfig(embedding_dim=4), SCHEMA, 0, {"picture": TABLE}, copies, wide)
    assert one.fields == (*plain.fields, "picture") and one.dense_dim == plain.dense_dim - WIDTH - 1
    assert one.flat_dim == len(one.fields) * 4 + one.dense_dim
    encoded, map_WI = one(DATA.batch), one.vectors.projections[0].weight.detach().numpy()
    assert encoded.dense_BK.shape == (200, one.dense_dim)
    for copy in range(copies):
        expected_BD = TABLE[DATA.batch.ids_BF[:, -1].numpy()] @ map_WI[copy * 4 : (copy + 1) * 4].T
        found_BD = encoded.copy(copy, 4).fields_BFD[:, -1].detach().numpy()
        np.testing.assert_allclose(found_BD, expected_BD, rtol=1e-4, atol=1e-6)
    if wide:
        assert not encoded.wide_BT.any(), "all weights of a linear part start at zero"


def test_a_projected_vector_is_in_the_pairs_of_an_interaction():
    config = MMoEConfig(interaction="dot", encoder=EncoderConfig(vectors="projected"))
    one = Model(config, SCHEMA, 0, {"picture": TABLE}).eval()
    fields = len(one.encoder.fields)
    assert fields == 7 and one.interaction.out_dim == fields**2 + one.encoder.flat_dim
    one(DATA.batch).sum().backward()
    assert one.encoder.vectors.projections[0].weight.grad.any()
    one.precision = "bf16"
    assert one(DATA.batch).dtype == torch.float32


def test_without_any_vectors_both_keys_change_nothing():
    options = EncoderConfig(vectors="projected", train_vectors=True)
    usual, other = (Model(MMoEConfig(encoder=one), planted_schema(), 0) for one in (EncoderConfig(), options))
    batch = planted(20, seed=0).rows.batch
    assert torch.equal(usual.eval()(batch), other.eval()(batch))
