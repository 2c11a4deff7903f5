"""Every interaction, with sharings that ask for more of it than one vector a row."""

from typing import Literal

import numpy as np
import pytest
import torch
from narrow import narrow

from recmtl.errors import ConfigError
from recmtl.models.dcn_v2 import DCNV2Config, MixtureConfig
from recmtl.models.encoder import EncoderConfig
from recmtl.models.esmm import ESMMConfig
from recmtl.models.fibinet import FiBiNETConfig
from recmtl.models.interaction import InteractionConfig
from recmtl.models.mmoe import MMoEConfig
from recmtl.models.model import Model
from recmtl.models.pnn import PNNConfig
from recmtl.models.shared_bottom import SharedBottom, SharedBottomConfig
from recmtl.models.sharing import SharingConfig
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, Task
from recmtl.testing import model_contract as contract
from recmtl.testing.planted import planted, planted_schema
from recmtl.training.predict import predict_rows

KINDS = (*(kind() for kind in InteractionConfig.kinds.values()), DCNV2Config(mixture=MixtureConfig()),
         FiBiNETConfig(bilinear="field_all"), FiBiNETConfig(bilinear="field_interaction"),
         PNNConfig(products="both"))  # fmt: skip
QUICK = (
    contract.gives_a_logit_for_each_asked_task,
    contract.computes_a_subset_as_it_computes_all,
    contract.leaves_other_tasks_alone,
    contract.every_parameter_learns,
    contract.computes_in_bfloat16,
    contract.tells_a_row_alone_what_it_tells_it_in_a_batch,
    contract.comes_back_from_a_checkpoint,
)
ENCODER = EncoderConfig(embedding_dim=4)
OF_PAIRS = ("autoint", "deepfm", "fibinet", "nfm", "pnn", "xdeepfm")


class Apart(SharedBottom):
    """Each route reads a copy of its own."""

    shared = ()

    def deep(self, x_CBI, encoded, routes):
        h_BRH = torch.stack([self.bottom(x_CBI[route]) for route in routes], dim=1)
        return self.towers(h_BRH, routes)


class ApartConfig(SharingConfig):
    name: Literal["apart"]
    bottom: tuple[int, ...] = (8,)
    tower: tuple[int, ...] = ()

    def build(self, plan):
        return Apart(self, plan.in_dim, len(plan.routes))

    def copies(self, routes):
        return len(routes)


def _name(config):
    return "-".join(str(value) for value in config.document().values() if isinstance(value, str))


@pytest.mark.parametrize("check", QUICK, ids=lambda check: check.__name__)
@pytest.mark.parametrize("interaction", KINDS, ids=_name)
@pytest.mark.parametrize("per_domain", [False, True])
def test_copies_of_the_tables_keep_the_contract(interaction, per_domain, check):
    check(narrow(ApartConfig(name="apart", interaction=interaction, per_domain=per_domain, encoder=ENCODER)))


@pytest.mark.parametrize("check", QUICK, ids=lambda check: check.__name__)
@pytest.mark.parametrize("interaction", KINDS, ids=_name)
def test_a_chain_of_tasks_keeps_the_contract(interaction, check):
    check(narrow(ESMMConfig(tower=(8,), interaction=interaction, per_domain=True, encoder=ENCODER)))


@pytest.mark.parametrize("interaction", KINDS, ids=_name)
def test_each_copy_has_an_interaction_of_its_own(interaction):
    model = Model(ApartConfig(name="apart", interaction=interaction), planted_schema(), seed=0)
    model(planted(32, seed=0).rows.batch)[:, 1].sum().backward()
    for name, parameter in model.interaction.named_parameters():
        reached = parameter.grad is not None and bool(parameter.grad.any())
        assert reached == name.startswith("of_copy.1."), name


@pytest.mark.parametrize("interaction", KINDS, ids=_name)
def test_a_row_gets_the_same_bits_whatever_stands_beside_it(interaction):
    config = SharedBottomConfig(bottom=(8,), tower=(), interaction=interaction)
    model, batch = Model(config, planted_schema(), seed=0), planted(150, seed=0).rows.batch
    together_BT = predict_rows(model, batch, [0, 1])
    for row in (0, 77, 149):
        alone_BT = predict_rows(model, batch.take(torch.tensor([row])), [0, 1])
        assert np.array_equal(alone_BT[0], together_BT[row])


def one_task(*features):
    return Schema(
        dataset="one",
        features=tuple(CategoricalFeature(name=name, table="item") for name in features),
        tables={"item": FIRST_ID + 30},
        tasks=(Task(name="click", kind="binary"),),
        domains=("home",),
    )


@pytest.mark.parametrize("interaction", KINDS, ids=_name)
def test_two_features_one_task_and_one_domain_are_enough(interaction):
    config = MMoEConfig(expert=(8,), tower=(), interaction=interaction, per_domain=True)
    model = Model(config, one_task("item", "again"), seed=0)
    assert model.dense_weights()["heads.head.0.weight"].shape == (1, 8)
    rows = planted(6, seed=0).rows.batch
    ids_BF = rows.ids_BF[:, [0, 0]]
    alone = type(rows)(ids_BF, rows.numbers_BN[:, :0], (), rows.labels_BT[:, :1], rows.observed_BT[:, :1],
                       torch.zeros(6, dtype=torch.int64), rows.weight_B)  # fmt: skip
    assert model(alone).shape == (6, 1)


@pytest.mark.parametrize("name", OF_PAIRS)
def test_pairs_of_one_feature_are_refused(name):
    config = MMoEConfig(interaction=InteractionConfig.kinds[name](), encoder=EncoderConfig(embedding_dim=2))
    with pytest.raises(ConfigError, match=f"{name!r} is one of pairs of features with .*, and only 'item' has one"):
        Model(config, one_task("item"), seed=0)


@pytest.mark.parametrize("name", sorted(set(InteractionConfig.kinds) - set(OF_PAIRS)))
def test_the_others_read_one_feature_too(name):
    Model(MMoEConfig(interaction=InteractionConfig.kinds[name]()), one_task("item"), seed=0)
