import pytest
import torch
from reading import ROWS, reading_of

from recmtl.models.encoder import EncoderConfig
from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.models.wide_deep import WideDeepConfig
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, Task
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(ROWS, seed=0).rows.batch


def test_the_deep_part_reads_all_side_by_side():
    found = reading_of(WideDeepConfig())
    torch.testing.assert_close(found.read.x_BI, found.flat_BI)


def test_each_task_has_a_weight_of_each_id_and_of_each_number():
    found = reading_of(WideDeepConfig())
    tables, first = found.encoder.embeddings.weight.detach(), found.encoder.embeddings.first
    weight_TK = found.interaction.wide.dense.weight.detach()
    for row in range(ROWS):
        expected_T = weight_TK @ found.encoded.dense_BK[row]
        for place, table in enumerate(("item", "city", "price", "age")):
            expected_T = expected_T + tables[first[table] + int(BATCH.ids_BF[row, place]), 3:]
        for column, table in zip(BATCH.sequences, ("item", "tag"), strict=True):
            ids = column.values_L[column.offsets[row] : column.offsets[row + 1]].tolist()
            expected_T = expected_T + sum(tables[first[table] + each, 3:] for each in ids) / max(len(ids), 1)
        torch.testing.assert_close(found.read.wide_BT[row].detach(), expected_T)


@pytest.mark.parametrize("per_domain", [False, True])
def test_the_linear_model_starts_at_nothing_and_moves_its_own_task_alone(per_domain):
    config = SharedBottomConfig(bottom=(8,), tower=(4,), interaction=WideDeepConfig(), per_domain=per_domain)
    model = Model(config, planted_schema(), seed=0).eval()
    before_BT = model(BATCH)
    dense = model.interaction.of_copy[0].wide.dense.weight
    assert not dense.any() and not model.tables[:, 16:].any()
    first = model.encoder.embeddings.first["city"] + FIRST_ID
    with torch.no_grad():
        model.tables[first : first + 6, 16 + 1] = 2.0
    torch.testing.assert_close(model(BATCH) - before_BT, torch.tensor([0.0, 2.0]).expand(ROWS, 2))
    torch.testing.assert_close(model(BATCH, [1]) - before_BT[:, 1:], torch.full((ROWS, 1), 2.0))


def test_without_numbers_there_are_the_weights_of_the_ids_alone():
    schema = Schema(
        dataset="one",
        features=(CategoricalFeature(name="item", table="item"),),
        tables={"item": FIRST_ID + 30},
        tasks=(Task(name="click", kind="binary"),),
        domains=("home",),
    )
    config = SharedBottomConfig(
        bottom=(8,), tower=(), interaction=WideDeepConfig(), encoder=EncoderConfig(embedding_dim=2)
    )
    model = Model(config, schema, seed=0)
    assert [name for name in model.dense_weights() if "interaction" in name] == []
    assert model.tables.shape == (FIRST_ID + 30, 2 + 1)
