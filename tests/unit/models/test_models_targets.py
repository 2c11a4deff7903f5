from recmtl.models.targets import targets_of
from recmtl.schema import FIRST_ID, CategoricalFeature, Schema, SequenceFeature, Task

SCHEMA = Schema(
    dataset="shop",
    features=(
        SequenceFeature(name="seen", table="item"),
        CategoricalFeature(name="user", table="user"),
        CategoricalFeature(name="item", table="item"),
        CategoricalFeature(name="other", table="item"),
        SequenceFeature(name="words", table="word"),
        SequenceFeature(name="bought", table="item"),
    ),
    tables=dict.fromkeys(("item", "user", "word"), FIRST_ID + 2),
    tasks=(Task(name="click", kind="binary"),),
    domains=("shop",),
    knots=2,
)


def test_the_target_of_a_sequence_is_the_first_feature_that_shares_its_table():
    fields = ("user", "item", "other", "seen", "words", "bought")
    assert targets_of(SCHEMA, fields) == (1, None, 1)


def test_a_feature_that_is_no_field_is_no_target():
    assert targets_of(SCHEMA, ("user", "other", "seen")) == (1, None, 1)
    assert targets_of(SCHEMA, ("user",)) == (None, None, None)
