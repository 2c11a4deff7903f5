"""Feature columns and arrays: what they mean, and what is refused with the input and the row."""

import numpy as np
import pandas as pd
import pytest

from recmtl.deepctr import DenseFeat, Shared_Bottom, SparseFeat, VarLenSparseFeat, get_feature_names
from recmtl.deepctr.inputs import as_frame, as_labels
from recmtl.errors import DataError

SEQUENCE = VarLenSparseFeat(SparseFeat("seen", 5), 3, length_name="seen_length")


def test_defaults_are_those_of_deepctr():
    column = SparseFeat("item", 1000)
    assert (column.embedding_dim, column.embedding_name, column.use_hash) == (4, "item", False)
    assert SparseFeat("item", 1000, "auto").embedding_dim == 6 * int(1000**0.25) == 30
    assert (DenseFeat("price").dimension, SEQUENCE.combiner, SEQUENCE.name) == (1, "mean", "seen")


def test_names_of_inputs_come_in_order_each_once():
    columns = [DenseFeat("b"), SEQUENCE, SparseFeat("a", 3)]
    assert get_feature_names(columns) == ["b", "seen", "seen_length", "a"]


def test_a_sequence_ends_before_its_padding_or_after_its_length():
    padded = np.array([[3, 4, 0], [0, 0, 0], [1, 2, 3]])
    plain = VarLenSparseFeat(SparseFeat("seen", 5), 3)
    assert [list(ids) for ids in as_frame([plain], {"seen": padded})["seen"]] == [[3, 4], [], [1, 2, 3]]
    given = {"seen": padded, "seen_length": np.array([1, 2, 3])}
    assert [list(ids) for ids in as_frame([SEQUENCE], given)["seen"]] == [[3], [0, 0], [1, 2, 3]]


def test_hashed_sequences_of_text_are_filled_up_with_the_text_0():
    column = VarLenSparseFeat(SparseFeat("seen", 100, use_hash=True, dtype="string"), 2)
    frame = as_frame([column], {"seen": np.array([["x", "0"], ["y", "z"]])})
    assert [list(ids) for ids in frame["seen"]] == [["x"], ["y", "z"]]


def test_a_dense_feature_of_several_numbers_is_several_columns():
    frame = as_frame([DenseFeat("v", 2)], {"v": np.array([[1, 2], [3, 4]])})
    assert frame.to_dict("list") == {"v[0]": [1.0, 3.0], "v[1]": [2.0, 4.0]}


@pytest.mark.parametrize("shape", ["dict", "frame", "list", "column"])
def test_inputs_may_come_as_a_dict_a_frame_a_list_or_columns_of_one(shape):
    columns, item, price = [SparseFeat("item", 3), DenseFeat("price")], np.array([0, 2]), np.array([0.5, 1.5])
    given = {
        "dict": {"price": price, "item": item, "other": item},
        "frame": pd.DataFrame({"price": price, "item": item}, index=[7, 9]),
        "list": [item, price],
        "column": {"item": item[:, None], "price": price[:, None]},
    }[shape]
    assert as_frame(columns, given).to_dict("list") == {"item": [0, 2], "price": [0.5, 1.5]}


@pytest.mark.parametrize("ids", [np.array([0, 1, 3]), np.array([0, -1, 2]), np.array([0, 1.5, 2]), [0, np.nan, 1]])
def test_an_id_outside_the_vocabulary_is_refused_with_its_row(ids, refused):
    row = 2 if np.nanmax(ids) == 3 else 1
    refused(lambda: as_frame([SparseFeat("item", 3)], {"item": ids}), f"X['item'], row {row}", "from 0 to 2")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"itm": [0]}, ["no input 'item'", "did you mean 'itm'?"]),
        ({"item": [0, 1], "price": [0.5]}, ["X['price'] has 1 rows, and X['item'] has 2"]),
        ({"item": ["a"], "price": [0.5]}, ["X['item'] is of the type <U1", "use_hash=True"]),
        ({"item": [0], "price": ["cheap"]}, ["X['price']", "holds numbers"]),
        ({"item": [[0, 1]], "price": [0.5]}, ["X['item'] is of shape (1, 2)"]),
        ({"item": 0, "price": [0.5]}, ["X['item'] is 0"]),
        ([[0]], ["a list of 1 arrays", "item, price"]),
        (7, ["X is a int"]),
    ],
)
def test_inputs_that_do_not_fit_are_refused(given, said):
    with pytest.raises(DataError) as error:
        as_frame([SparseFeat("item", 3), DenseFeat("price")], given)
    assert all(text in str(error.value) for text in said)


def test_a_sequence_of_another_width_is_refused(refused):
    refused(lambda: as_frame([SEQUENCE], {"seen": np.zeros((2, 4), int), "seen_length": [1, 1]}), "[rows, 3]")


@pytest.mark.parametrize(
    "y",
    [
        [np.array([0, 1]), np.array([2.5, np.nan])],
        {"b": np.array([2.5, np.nan]), "a": [0, 1]},
        np.array([[0, 2.5], [1, np.nan]]),
        pd.DataFrame({"b": [2.5, np.nan], "a": [0, 1]}, index=[3, 4]),
        [np.array([[0], [1]]), np.array([[2.5], [np.nan]])],
    ],
)
def test_labels_may_come_as_a_list_a_dict_a_frame_or_one_array(y):
    found = as_labels(["a", "b"], y)
    assert list(found) == ["a", "b"]
    assert np.array_equal(found.to_numpy(float), [[0, 2.5], [1, np.nan]], equal_nan=True)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([[0, 1]], "y is 1 arrays"),
        ({"a": [0], "c": [1]}, "y names 'c'"),
        ({"a": [0]}, "no labels of the task 'b'"),
        (np.zeros(3), "shape (3,)"),
        ([[0, 1], [1]], "a 2, b 1"),
        (None, "a NoneType"),
    ],
)
def test_labels_that_do_not_fit_are_refused(y, said, refused):
    refused(lambda: as_labels(["a", "b"], y), said)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: SparseFeat("a", 0), "vocabulary_size must be a whole number of at least 1, not 0"),
        (lambda: SparseFeat("a", 3, 0), "embedding_dim"),
        (lambda: SparseFeat("a", 3, dtype="string"), "use_hash=True"),
        (lambda: SparseFeat("a", 3, trainable=False), "trainable=False is not supported"),
        (lambda: SparseFeat("a", 3, embeddings_initializer="zeros"), "embeddings_initializer='zeros'"),
        (lambda: SparseFeat("a", 3, vocabulary_path="v.txt"), "vocabulary_path='v.txt'"),
        (lambda: DenseFeat("a", transform_fn=abs), "transform_fn"),
        (lambda: VarLenSparseFeat(SparseFeat("a", 3), 4, combiner="last"), "must be mean, sum or max, not 'last'"),
        (lambda: VarLenSparseFeat(SparseFeat("a", 3), 4, weight_name="w"), "weight_name='w'"),
    ],
)
def test_what_a_column_cannot_honour_is_refused(make, said, refused):
    refused(make, said)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([], "is empty"),
        ([SparseFeat("a", 3), DenseFeat("a")], "two feature columns are called 'a'"),
        ([SparseFeat("a", 3, 4), SparseFeat("b", 3, 8, embedding_name="a")], "their embedding_dim must be the same"),
        ([SparseFeat("a", 3), SparseFeat("b", 4, embedding_name="a")], "'a' and 'b' share the embedding 'a'"),
        ([SparseFeat(name, 3, embedding_name="e/f") for name in "ab"], "no embedding can be called 'e/f'"),
        ([SparseFeat("a", 3, embedding_name="p", use_hash=True), DenseFeat("p")], "name of a DenseFeat"),
        ([("a", 3)], "holds a builtins.tuple"),
    ],
)
def test_columns_that_do_not_fit_together_are_refused(columns, said, tasks, refused):
    refused(lambda: Shared_Bottom(columns, **tasks), said)
