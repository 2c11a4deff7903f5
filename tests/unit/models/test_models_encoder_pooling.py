"""Sequences pooled by feature, held against plain loops over the tables."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from recmtl.artifacts.progress import Silent
from recmtl.batch import Batch, Ragged
from recmtl.config import problems
from recmtl.data.rows import RowsInMemory
from recmtl.errors import ConfigError
from recmtl.models.encoder import Encoder, EncoderConfig
from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, SequenceFeature, Task
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.config import TrainConfig
from recmtl.training.loop import train

BATCH = planted(60, seed=0).rows.batch
DIM = 3
ITEM, HISTORY, TAGS = 0, 4, 5
"""Places among the fields."""


def encoder(pooling, copies=1, wide=0, **more):
    config = EncoderConfig(embedding_dim=DIM, unseen_rate=0.0, pooling=pooling, **more)
    made = Encoder(config, planted_schema(), 0, copies=copies, wide=wide)
    with torch.no_grad():
        for number, (name, weight) in enumerate(made.named_parameters()):
            if "attention" in name or wide:  # those that start at zero
                weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(number)))
    return made


def lists(place):
    column, table = BATCH.sequences[place], ("item", "tag")[place]
    return table, [column.values_L[first:last].tolist() for first, last in pairwise(column.offsets.tolist())]


def pooled(one, kind, vectors_LD, query_D):
    if not len(vectors_LD):
        return np.zeros(vectors_LD.shape[1])
    if kind in ("attention", "target"):
        weights = np.exp(vectors_LD @ query_D)
        return (weights[:, None] * vectors_LD).sum(0) / weights.sum()
    return {"mean": np.mean, "sum": np.sum, "max": np.max}[kind](vectors_LD, axis=0)


@pytest.mark.parametrize(("copies", "wide"), [(1, 0), (2, 0), (1, 2), (3, 2)])
@pytest.mark.parametrize("kind", ["mean", "sum", "max", "attention", "target"])
def test_a_sequence_is_pooled_as_its_name_says_and_the_others_by_their_mean(kind, copies, wide):
    one = encoder({"history": kind}, copies, wide)
    encoded, weight = one(BATCH), one.embeddings.weight.detach().double().numpy()
    query = {name: value.detach().double().numpy() for name, value in one.named_parameters() if "query" in name}
    for place, field in enumerate((HISTORY, TAGS)):
        table, rows = lists(place)
        first = one.embeddings.first[table]
        for row, ids in enumerate(rows):
            vectors_LW = weight[[first + i for i in ids]].reshape(-1, copies * DIM + wide)
            for copy in range(copies):
                columns = slice(copy * DIM, (copy + 1) * DIM)
                query_D = next(iter(query.values()))[columns] if query else None
                if kind == "target":
                    query_D = query_D * weight[one.embeddings.first["item"] + int(BATCH.ids_BF[row, 0]), columns]
                expected_D = pooled(one, kind if field == HISTORY else "mean", vectors_LW[:, columns], query_D)
                found_D = encoded.copy(copy, DIM).fields_BFD[row, field].detach().numpy()
                np.testing.assert_allclose(found_D, expected_D, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["mean", "sum", "max", "attention"])
def test_weights_of_ids_are_summed_where_vectors_are_and_else_averaged(kind):
    tasks = 2
    one = encoder(kind, wide=tasks)
    wide_BT, weight = one(BATCH).wide_BT.detach().numpy(), one.embeddings.weight.detach().numpy()[:, DIM:]
    singles = weight[(BATCH.ids_BF + one.embeddings.first_F).numpy()].sum(1)
    for row in range(len(BATCH)):
        expected_T = singles[row].copy()
        for place in range(2):
            table, rows = lists(place)
            own_LT = weight[[one.embeddings.first[table] + i for i in rows[row]]].reshape(-1, tasks)
            expected_T += pooled(one, "sum" if kind == "sum" else "mean", own_LT, None)
        np.testing.assert_allclose(wide_BT[row], expected_T, rtol=1e-4, atol=1e-5)


def test_all_sequences_are_pooled_alike_by_one_word():
    together, by_name = encoder("max"), encoder({"history": "max", "tags": "max"})
    assert torch.equal(together(BATCH).fields_BFD, by_name(BATCH).fields_BFD)
    assert not torch.equal(together(BATCH).fields_BFD, encoder("mean")(BATCH).fields_BFD)


@pytest.mark.parametrize("kind", ["sum", "max", "attention"])
def test_gradients_of_the_tables_stay_sparse(kind):
    one = encoder(kind)
    one(BATCH).fields_BFD.square().sum().backward()
    assert one.embeddings.weight.grad.is_sparse
    assert all(query.grad.any() for name, query in one.named_parameters() if "query" in name)


def test_a_key_of_no_sequence_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"model\.encoder\.pooling names 'histori', which is no sequence .*'history'"):
        encoder({"histori": "max"})
    with pytest.raises(ConfigError, match=r"model\.encoder\.pooling names 'city', which is no sequence"):
        EncoderConfig(pooling={"city": "max"}).check(planted_schema())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("atention", "it takes mean, sum, max, attention, target (did you mean 'attention'?), not 'atention'"),
        ({"history": "men"}, "'history' takes mean, sum, max, attention, target (did you mean 'mean'?), not 'men'"),
        (3, "it takes mean, sum, max, attention, target, not 3"),
        ({"history": None}, "'history' takes mean, sum, max, attention, target, not None"),
    ],
)
def test_another_word_is_refused_in_one_sentence(given, said):
    with pytest.raises(ValidationError) as refused:
        EncoderConfig.model_validate({"pooling": given})
    assert problems(refused.value, EncoderConfig) == [("pooling", f"is not valid: {said}")]


def test_a_target_is_the_one_category_with_the_sequences_table():
    with pytest.raises(ConfigError, match=r"pooling of 'tags' is 'target', and no category shares its table 'tag'"):
        EncoderConfig(pooling="target").check(planted_schema())
    schema = planted_schema()
    twice = schema.model_copy(update={"features": (*schema.features, CategoricalFeature(name="last", table="item"))})
    with pytest.raises(ConfigError, match=r"of 'history' is 'target', and 'item' and 'last' share its table 'item'"):
        EncoderConfig(pooling={"history": "target"}).check(twice)


def clicks(rows, seed, items=30, length=12):
    """A click is likely where the item stands in the history, which it does in about two thirds of the rows."""
    chance = np.random.default_rng(seed)
    item_B, history_BL = chance.integers(items, size=rows), chance.integers(items, size=(rows, length))
    again_B = chance.random(rows) < 0.5
    history_BL[again_B, 0] = item_B[again_B]
    likely_B = (history_BL == item_B[:, None]).any(1)
    click_B = chance.random(rows) < 1 / (1 + np.exp(np.where(likely_B, -2.0, 2.0)))
    history = Ragged(torch.from_numpy(history_BL.ravel() + FIRST_ID).int(), torch.arange(rows + 1) * length)
    batch = Batch(
        torch.from_numpy(item_B + FIRST_ID).int().unsqueeze(1), torch.empty(rows, 0), (history,),
        torch.from_numpy(click_B).float().unsqueeze(1), torch.ones(rows, 1, dtype=torch.bool),
        torch.zeros(rows, dtype=torch.int64), torch.ones(rows),
    )  # fmt: skip
    return RowsInMemory(batch, (rows,))


def test_attention_towards_the_target_finds_it_in_a_history_where_the_mean_does_not():
    features = (CategoricalFeature(name="item", table="item"), SequenceFeature(name="history", table="item"))
    schema = Schema(
        dataset="clicks", features=features, tables={"item": FIRST_ID + 30}, domains=("d",),
        tasks=(Task(name="click", kind="binary"),),
    )  # fmt: skip
    rate = {"name": "adam", "learning_rate": 1e-2}
    settings = TrainConfig(epochs=4, batch_size=128, optimizer=rate, table_optimizer=rate | {"learning_rate": 2e-2})
    best = {}
    for pooling in ("mean", "target"):
        config = SharedBottomConfig(
            bottom=(32, 16), tower=(), encoder=EncoderConfig(embedding_dim=8, pooling={"history": pooling})
        )
        state = train(Model(config, schema, 0), clicks(6000, 1), clicks(1000, 2), settings, [0], Silent())
        best[pooling] = state.best_score
    assert best["target"] > best["mean"] + 0.1 and best["target"] > 0.75, best
