import numpy as np
import pyarrow as pa
import pytest
import torch

from recmtl.data.encoding import FeatureEncoder
from recmtl.data.vocabulary import FittedValues
from recmtl.models.model import Model
from recmtl.models.shared_bottom import SharedBottomConfig
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, Task
from recmtl.training.scorer import ANY_DOMAIN, Scorer, domain_index

VALUES = ["x", "y"]


def schema(**changes):
    return Schema(
        dataset="rows",
        features=(CategoricalFeature(name="item", table="item"),),
        tables={"item": FIRST_ID + len(VALUES)},
        tasks=(Task(name="click", kind="binary"),),
        domains=("a", "b", "c"),
        domain_column="site",
        **changes,
    )


class ByDomain(Model):
    """A model that, unlike those there are, tells domains apart: each shifts the logit."""

    def forward(self, batch, tasks=None):
        return super().forward(batch, tasks) + 2.0 * batch.domain_B.unsqueeze(1)


@pytest.fixture
def scorer():
    vocabulary = FittedValues(pa.array(VALUES), pa.array([2, 1]))
    model = ByDomain(SharedBottomConfig(bottom=(4,), tower=()), schema(), seed=0)
    return Scorer(model, FeatureEncoder(schema(), {"item": vocabulary}))


def rows(*items):
    return pa.RecordBatch.from_pydict({"item": pa.array(items, pa.string())})


def test_each_row_is_scored_in_its_own_domain(scorer):
    encoded = scorer.encode(rows("x", "x", "x"))
    logits = np.log(p := scorer.predict(encoded, np.array([0, 1, 2]))[:, 0]) - np.log1p(-p)
    np.testing.assert_allclose(np.diff(logits), 2.0, atol=1e-4)


def test_a_row_of_no_domain_gets_the_mean_over_all(scorer):
    encoded = scorer.encode(rows("x", "y", "x", None))
    found = scorer.predict(encoded, np.array([1, ANY_DOMAIN, ANY_DOMAIN, 2]))
    of_each = [scorer.predict(encoded, np.full(4, domain)) for domain in range(3)]
    np.testing.assert_allclose(found[1:3], np.mean(of_each, axis=0)[1:3], rtol=1e-6)
    assert np.array_equal(found[[0, 3]], np.stack([of_each[1][0], of_each[2][3]])), "the others stay as they were"


def test_what_training_has_not_seen_and_what_is_missing_have_ids_of_their_own(scorer):
    assert scorer.encode(rows("x", "y", "z", None))["id:item"].to_pylist() == [3, 4, 2, 1]


def test_domains_by_name_and_by_group():
    assert domain_index(["c", "a", None, "d"], schema()).tolist() == [2, 0, ANY_DOMAIN, ANY_DOMAIN]
    grouped = schema(domain_groups={"1": "a", "18": "a", "25": "c", "99": "nobody"})
    # a group without training rows is no domain of the model, and a domain's name is no value of the column
    found = domain_index(["18", "25", "1", "99", "a"], grouped)
    assert found.tolist() == [0, 2, 0, ANY_DOMAIN, ANY_DOMAIN]


def test_scoring_leaves_torch_s_generator_alone(scorer):
    before = torch.get_rng_state()
    scorer.predict(scorer.encode(rows("x")), np.array([ANY_DOMAIN]))
    assert torch.equal(before, torch.get_rng_state())
