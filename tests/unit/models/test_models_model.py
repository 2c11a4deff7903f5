import torch

from recmtl.adapters.mask import Masks
from recmtl.models.model import TABLES, Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.pruning.magnitude import full_mask, prunable
from recmtl.schema import CategoricalFeature
from recmtl.testing.planted import planted, planted_schema

BATCH = planted(32, seed=0).rows.batch
CONFIG = SharedBottomConfig(bottom=(8,), tower=(4,))


def test_tables_are_kept_apart_from_the_dense_weights():
    model = Model(CONFIG, planted_schema(), seed=0)
    every = dict(model.named_parameters())
    assert model.tables is every[TABLES]
    assert set(model.dense_weights()) == set(every) - {TABLES}
    assert all(weight is every[name] for name, weight in model.dense_weights().items())


def test_table_gradients_are_sparse_with_and_without_masks():
    model = Model(CONFIG, planted_schema(), seed=0)
    full = full_mask(prunable(model.sharing))
    for masks in (None, Masks({0: full, 1: full})):
        model.masks = masks
        model.zero_grad()
        model(BATCH).sum().backward()
        assert model.tables.grad.is_sparse
        assert all(weight.grad.layout == torch.strided for weight in model.dense_weights().values())


def test_a_head_of_its_own_for_each_task():
    model = Model(CONFIG, planted_schema(), seed=0).eval()
    before = model(BATCH)
    with torch.no_grad():
        model.heads.head[0].bias.fill_(5)
    torch.testing.assert_close(model(BATCH) - before, torch.tensor([5.0, 0.0]).expand(32, 2))


def test_dense_weights_start_alike_whatever_the_vocabularies_are():
    schema = planted_schema()
    grown = schema.model_copy(update={"tables": {**schema.tables, "item": schema.tables["item"] + 100}})
    one, other = Model(CONFIG, schema, seed=3), Model(CONFIG, grown, seed=3)
    for name, weight in one.dense_weights().items():
        assert torch.equal(weight, other.dense_weights()[name]), name
    torch.testing.assert_close(one.eval()(BATCH), other.eval()(BATCH))


def test_masks_are_no_part_of_the_state():
    model = Model(CONFIG, planted_schema(), seed=0)
    names = list(model.state_dict())
    model.masks = Masks({0: full_mask(prunable(model.sharing))})
    assert list(model.state_dict()) == names


def test_another_feature_makes_another_input_width():
    schema = planted_schema()
    wider = schema.model_copy(update={"features": (*schema.features, CategoricalFeature(name="again", table="item"))})
    assert Model(CONFIG, wider, 0).interaction.out_dim == Model(CONFIG, schema, 0).interaction.out_dim + 16
