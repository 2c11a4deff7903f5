"""Embedding sizes by feature (mixed dimension embeddings)."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from recmtl.errors import ConfigError
from recmtl.models.encoder import Encoder, EncoderConfig
from recmtl.models.mmoe import MMoEConfig
from recmtl.models.model import TABLES, Model
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(60, seed=0).rows.batch
DIM = 6
DIMS = {"item": 4, "tags": 2, "city": 4}
FIELDS = ("item", "city", "price", "age", "history", "tags")
TABLE = {"item": "item", "city": "city", "price": "price", "age": "age", "history": "item", "tags": "tag"}
WIDTH = {"item": 4, "city": 4, "tag": 2, "price": DIM, "age": DIM}


def encoder(dims=DIMS, copies=1, wide=0, **more):
    config = EncoderConfig(embedding_dim=DIM, unseen_rate=0.0, embedding_dims=dims, **more)
    torch.manual_seed(0)
    made = Encoder(config, planted_schema(), 0, copies=copies, wide=wide, unpooled=True)
    if wide:
        with torch.no_grad():
            for lookup in made._lookups():
                lookup.weight[:, lookup.columns :].normal_(generator=torch.Generator().manual_seed(0))
    return made


def lookup_of(one, table):
    return next(lookup for lookup in one._lookups() if table in lookup.first)


def vectors(one, table, ids, copy, copies):
    """What the ids' rows give, in double precision: the narrow vector times its table's matrix."""
    lookup = lookup_of(one, table)
    dim = WIDTH[table]
    rows_LD = lookup.weight.detach().double().numpy()[lookup.first[table] + np.array(ids, dtype=np.int64)]
    narrow_LD = rows_LD[:, copy * dim : (copy + 1) * dim]
    if dim == DIM:
        return narrow_LD
    return narrow_LD @ lookup.widening.weight.detach().double().numpy()[list(lookup.first).index(table), copy]


@pytest.mark.parametrize(("copies", "wide"), [(1, 0), (2, 0), (2, 2)])
@pytest.mark.parametrize("pooling", ["mean", "sum"])
def test_each_field_is_its_narrow_vector_times_its_tables_matrix_in_the_schemas_order(copies, wide, pooling):
    one = encoder(copies=copies, wide=wide, pooling=pooling)
    encoded = one(BATCH)
    assert one.fields == FIELDS and encoded.fields_BFD.shape == (60, 6, copies * DIM)
    for copy in range(copies):
        fields_BFD = encoded.copy(copy, DIM).fields_BFD.detach().numpy()
        for place, name in enumerate(FIELDS[:4]):
            expected_BD = vectors(one, TABLE[name], BATCH.ids_BF[:, place].tolist(), copy, copies)
            np.testing.assert_allclose(fields_BFD[:, place], expected_BD, rtol=1e-4, atol=1e-5)
        for place, name in enumerate(FIELDS[4:]):
            column = BATCH.sequences[place]
            for row in range(20):
                ids = column.values_L[column.offsets[row] : column.offsets[row + 1]].tolist()
                own_LD = vectors(one, TABLE[name], ids, copy, copies)
                expected_D = getattr(np, pooling)(own_LD, axis=0) if ids else np.zeros(DIM)
                np.testing.assert_allclose(fields_BFD[row, 4 + place], expected_D, rtol=1e-4, atol=1e-5)
                found_LD = encoded.copy(copy, DIM).sequences[place].vectors_BLD[row].detach().numpy()
                np.testing.assert_allclose(found_LD[: len(ids)], own_LD, rtol=1e-4, atol=1e-5)
                assert not found_LD[len(ids) :].any()


def test_weights_of_ids_are_the_same_sum_whatever_the_widths_are():
    tasks = 2
    narrow, full = encoder(wide=tasks), encoder({}, wide=tasks)
    with torch.no_grad():
        for table, first in full.embeddings.first.items():
            own = lookup_of(narrow, table)
            rows = planted_schema().tables[table]
            full.embeddings.weight[first : first + rows, DIM:] = own.weight[own.first[table] :][:rows, own.columns :]
    torch.testing.assert_close(narrow(BATCH).wide_BT, full(BATCH).wide_BT)


def test_narrow_tables_take_less_memory():
    tables = planted_schema().tables
    found = {lookup.weight.shape for lookup in encoder()._lookups()}
    expected = {2: tables["tag"], 4: tables["item"] + tables["city"], DIM: tables["age"] + tables["price"]}
    assert found == {(rows, dim) for dim, rows in expected.items()}


def test_max_is_taken_of_the_narrow_vectors():
    one = encoder({"tags": 2}, pooling="max")
    lookup, column = lookup_of(one, "tag"), BATCH.sequences[1]
    row = int((column.offsets.diff() > 1).nonzero()[0])
    ids = column.values_L[column.offsets[row] : column.offsets[row + 1]].long()
    expected_D = lookup.weight[lookup.first["tag"] + ids].max(0).values @ lookup.widening.weight[0, 0]
    torch.testing.assert_close(one(BATCH).fields_BFD[row, 5], expected_D)


def test_a_feature_that_shares_a_table_follows_it():
    by_item, by_history = encoder({"item": 4}), encoder({"history": 4})
    assert torch.equal(by_item(BATCH).fields_BFD[:, :4], by_history(BATCH).fields_BFD[:, :4])
    with pytest.raises(ConfigError, match=r"embedding_dims is 4 for 'item' and 2 for 'history', which share a table"):
        encoder({"item": 4, "history": 2})


def test_the_usual_width_changes_nothing():
    usual, named = encoder({}), encoder({"item": DIM, "history": DIM})
    assert {*usual.state_dict()} == {*named.state_dict()} == {"embeddings.weight"}
    assert torch.equal(usual(BATCH).fields_BFD, named(BATCH).fields_BFD)


def test_all_features_may_be_narrower():
    one = encoder({"item": 2, "city": 2, "price": 2, "age": 2, "tags": 2})
    encoded = one(BATCH)
    assert encoded.fields_BFD.shape == (60, 6, DIM) and len(one.embeddings.weight) == 0
    assert encoded.fields_BFD.abs().sum(-1)[:, :4].all()


def test_tables_of_each_width_are_kept_apart_from_the_dense_weights():
    config = MMoEConfig(encoder=EncoderConfig(embedding_dim=DIM, embedding_dims=DIMS))
    model = Model(config, planted_schema(), seed=0)
    names = {name for name, _ in model.named_parameters()} - set(model.dense_weights())
    assert names == {TABLES, "encoder.narrower.0.weight", "encoder.narrower.1.weight"}
    model(BATCH).sum().backward()
    assert all(table.grad.is_sparse for table in model.all_tables)
    assert all(weight.grad.layout == torch.strided for weight in model.dense_weights().values())


def test_rows_of_narrow_tables_start_alike_when_a_vocabulary_grows():
    schema = planted_schema()
    grown = schema.model_copy(update={"tables": {**schema.tables, "item": schema.tables["item"] + 100}})
    config = EncoderConfig(embedding_dim=DIM, embedding_dims=DIMS)
    before, after = (lookup_of(Encoder(config, one, seed=3), "city") for one in (schema, grown))
    rows = schema.tables["city"]
    assert torch.equal(before.weight[before.first["city"] :][:rows], after.weight[after.first["city"] :][:rows])


@pytest.mark.parametrize(
    ("dims", "said"),
    [
        ({"itme": 4}, r"names 'itme', which is no feature with an embedding table \(did you mean 'item'\?\)"),
        ({"item": 8}, r"embedding_dims\.item is 8, more than the width of all others\. Give at most .*, 6"),
    ],
)
def test_what_cannot_be_is_refused(dims, said):
    with pytest.raises(ConfigError, match=said):
        encoder(dims)


def test_a_number_without_a_table_has_no_width():
    encoder({"age": 2})
    with pytest.raises(ConfigError, match="names 'age', which is no feature with an embedding table"):
        encoder({"age": 2}, numbers={"age": "plain"})


def test_a_width_is_a_whole_number_above_0():
    with pytest.raises(ValidationError, match="greater than 0"):
        EncoderConfig(embedding_dims={"item": 0})
